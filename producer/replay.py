"""`replay`: a recorded year as if it were happening, at a chosen speed.

By default times are shifted by whole hours so that the last one is now. Unshifted, the records go to a set of topics of
their own (prefix `nyc-2013.`): one present-day record among records of 2013 makes all of 2013 late.

A replay keeps no state: it says the same thing each time (revision 0), and downstream is idempotent on
(source, station, observed_at, revision).
"""

import time
from argparse import Namespace
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path

from contracts.settings import KafkaSettings, TopicSettings
from contracts.topics import Catalogue
from contracts.types import WeatherObservation
from producer import nyc_2013
from producer.clock import utc_now
from producer.errors import DatasetError, DeliveryError
from producer.fetch import NYC_2013, cached, fetch
from producer.progress import Progress
from producer.publishers import BulkPublisher, Publisher, ScreenPublisher, create_missing
from producer.redaction import Redactor
from producer.settings import ProducerSettings
from producer.stopping import Stop, Waiter

UNSHIFTED_PREFIX = f"{nyc_2013.SOURCE}."
SHORTEST_SLEEP_S = 0.005  # below this the operating system's timer is coarser than the wait; debts are made up for

Pace = Callable[[datetime, int], float]
"""Seconds after the start at which a record of this event time and number is due."""


def at_once(_event_time: datetime, _number: int) -> float:
    """As fast as Kafka takes them."""
    return 0.0


def at_speed(factor: float, first: datetime) -> Pace:
    """`factor` seconds of event time per second."""
    return lambda event_time, _number: (event_time - first).total_seconds() / factor


def at_rate(per_second: float) -> Pace:
    """`per_second` records a second, whatever their times."""
    return lambda _event_time, number: number / per_second


def load(cache_dir: Path, say: Callable[[str], None], *, offline: bool) -> bytes:
    """The whole file if it is cached or can be fetched, else the cut shipped with the package; says so if the latter.

    Raises:
        DatasetError: the cached file is damaged.
    """
    data = cached(NYC_2013, cache_dir)
    if data is not None:
        return data
    why = "--offline"
    if not offline:
        say("nyc-2013 is not cached: fetching it (9 MB, once)")
        try:
            return fetch(NYC_2013, cache_dir).read_bytes()
        except DatasetError as error:
            why = str(error)
    say(f"nyc-2013: replaying the two weeks shipped with the package, not the whole year ({why})")
    return nyc_2013.cut()


@dataclass(frozen=True)
class Plan:
    """What to replay: the observations in order, how many, and the time of the first."""

    records: Iterable[WeatherObservation]
    first: datetime
    count: int


def plan(data: bytes, now: datetime, *, shifted: bool, stations: int, limit: int | None) -> Plan:
    """Fixes the time basis. With a limit, the last hour of what is *published* is now."""
    readings = nyc_2013.readings(data)
    counts = {airport: len(nyc_2013.station_ids(airport, stations)) for airport in nyc_2013.AIRPORTS}
    published, last = 0, None
    for reading in readings:
        copies = counts[reading.airport]
        published += copies
        last = reading if copies else last
        if limit is not None and published >= limit:
            published = limit
            break
    if last is None:
        raise DatasetError("nyc-2013: expected at least one observation, found none")
    shift = nyc_2013.shift_to_now(last.hour, now) if shifted else timedelta(0)
    records = islice(nyc_2013.records(readings, shift, stations), published)
    return Plan(records, readings[0].hour + shift, published)


def run(
    records: Iterable[WeatherObservation],
    publisher: Publisher,
    pace: Pace,
    stop: Waiter,
    progress: Progress,
    clock: Callable[[], float] = time.monotonic,
) -> int:
    """Publishes until the records end or a stop is asked for, then flushes; returns how many were delivered."""
    start = clock()
    for number, record in enumerate(records):
        wait_s = start + pace(record.observed_at, number) - clock()
        if stop or (wait_s > SHORTEST_SLEEP_S and stop.wait(wait_s)):
            break
        publisher.publish(record)
        progress.step(record.observed_at)
    publisher.flush()
    return progress.sent


def command(
    options: Namespace,
    settings: ProducerSettings,
    topics: TopicSettings,
    stop: Stop,
    progress: Progress,
    _redactor: Redactor,
) -> int:
    """`python -m producer replay`; returns the exit code."""
    data = load(settings.cache_dir, progress.say, offline=options.offline)
    chosen = plan(
        data, options.as_of or utc_now(), shifted=not options.no_shift, stations=options.stations, limit=options.limit
    )
    pace: Pace = at_once
    if options.rate:
        pace = at_rate(options.rate)
    elif options.speed:
        pace = at_speed(options.speed, chosen.first)
    publisher, where = _publisher(options, topics)
    try:
        run(chosen.records, publisher, pace, stop, progress)
    except DeliveryError as error:
        raise DeliveryError(f"{error}; {progress.sent:,} records were handed over before") from None
    ended = f"stopped by {stop.by}" if stop else "done"
    progress.say(f"replay: {ended}: {progress.sent:,} of {chosen.count:,} records {where}")
    return 0


def _publisher(options: Namespace, topics: TopicSettings) -> tuple[Publisher, str]:
    if options.dry_run:
        return ScreenPublisher(), "printed"
    kafka = KafkaSettings.load()
    catalogue = topics.catalogue()
    if options.no_shift:
        catalogue = Catalogue(UNSHIFTED_PREFIX + catalogue.prefix, catalogue.observations_name)
        create_missing(kafka, catalogue)
    publisher = BulkPublisher(kafka, catalogue.observations, "isobar-replay")
    return publisher, f"sent to '{catalogue.observations.name}' and acknowledged"
