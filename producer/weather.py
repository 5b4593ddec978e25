"""`weather`: polls one provider; puts the parts together.

The order at start matters: first the lease (is there another poller?), then the transactional producer (which ends
an unfinished transaction of a predecessor and fences it), and only then the memory, which from that moment nobody
else writes.
"""

from argparse import Namespace
from collections.abc import Callable

from kafka.errors import KafkaError

from contracts.settings import KafkaSettings, SettingsError, TopicSettings
from producer.cassette import Player, Recorder
from producer.errors import DeliveryError, PlacesError
from producer.http import Client, HttpClient
from producer.lease import Lease
from producer.ledger import Ledger, ScreenLedger, TransactionalLedger
from producer.places import Place, parse_places
from producer.polling import Poller
from producer.progress import Progress
from producer.providers.base import Provider
from producer.providers.datapoint import DataPoint
from producer.providers.metoffice import MetOffice
from producer.providers.openweather import OpenWeather
from producer.redaction import Redactor
from producer.settings import ProducerSettings
from producer.state import PollerState
from producer.state_topic import restore
from producer.stopping import Stop

SECONDS_A_DAY = 86_400

SOURCES: dict[str, Callable[[ProducerSettings], Provider]] = {
    "datapoint": lambda _settings: DataPoint(),
    "metoffice": lambda settings: MetOffice(settings.metoffice_base_url, settings.metoffice_wind_unit),
    "openweather": lambda settings: OpenWeather(settings.openweather_base_url),
}
RECORDED_ONLY = frozenset({"datapoint"})
WHOLE_RECORDING = Place("recording", 0.0, 0.0)  # stands for all sites of a recording


def command(
    options: Namespace,
    settings: ProducerSettings,
    topics: TopicSettings,
    stop: Stop,
    progress: Progress,
    redactor: Redactor,
) -> int:
    """`python -m producer weather`; returns the exit code."""
    provider = SOURCES[options.source](settings)
    places = _places(options, provider)
    interval_s = options.interval_s or provider.interval_s
    if not options.cassette:
        check_budget(provider, len(places), interval_s, once=options.once)
    client = _client(options, provider, settings, redactor)
    lease: Lease | None = None
    ledger: Ledger = ScreenLedger()
    state = PollerState(provider.name)
    catalogue, kafka = topics.catalogue(), KafkaSettings.load()
    try:
        if not options.dry_run:
            lease = Lease(kafka, catalogue, provider.name)
            if not lease.acquire(stop, progress, wait=not options.once):
                progress.say(f"weather: stopped by {stop.by} while waiting: 0 records sent")
                return 0
            ledger = TransactionalLedger(kafka, catalogue, provider.name)
            state = restore(kafka, catalogue.poller_state, provider.name)
        poller = Poller(
            provider,
            client,
            ledger,
            state,
            interval_s=interval_s,
            once=options.once,
            paced=not options.cassette,
            on_records=progress.step,
        )
        poller.run(places, stop, lease.check if lease else lambda: None)
    except KafkaError as error:
        raise DeliveryError(
            f"Kafka at {kafka.bootstrap_servers} failed ({type(error).__name__}: {error}); what was committed before"
            " stays, the next start goes on from there"
        ) from error
    finally:
        ledger.close()
        if lease:
            lease.close()
    where = "printed" if options.dry_run else f"sent to '{catalogue.observations.name}' and committed"
    progress.say(f"weather: {f'stopped by {stop.by}' if stop else 'done'}: {progress.sent:,} records {where}")
    if poller.failures and options.once:
        sentences = "; ".join(f"{name}: {text}" for name, text in poller.failures.items())
        progress.say(redactor.scrub(f"error: {len(poller.failures)} of {len(places)} place(s) failed: {sentences}"))
        return 1
    return 0


def _places(options: Namespace, provider: Provider) -> list[Place]:
    if provider.name not in RECORDED_ONLY:
        return parse_places(options.places, options.places_file)
    if not options.cassette:
        raise PlacesError(
            f"--source {provider.name} no longer answers: expected --cassette FILE with an old recording, found none"
        )
    return [WHOLE_RECORDING]


def _client(options: Namespace, provider: Provider, settings: ProducerSettings, redactor: Redactor) -> Client:
    if options.cassette:
        return Player(options.cassette, any_request=provider.name in RECORDED_ONLY)
    key = settings.api_key(provider.name) if provider.key_place else None
    client = HttpClient(provider.key_place, key, settings.http_timeout_s, redactor)
    return Recorder(client, options.record) if options.record else client


def check_budget(provider: Provider, places: int, interval_s: float, *, once: bool) -> None:
    """Refuses a schedule that would spend more than the day's budget.

    Raises:
        SettingsError: says the interval or number of places that fits.
    """
    per_day = provider.limit.per_day
    if per_day is None:
        return
    needed = places if once else round(places * SECONDS_A_DAY / interval_s)
    if needed > per_day:
        raise SettingsError(
            f"{places} places every {interval_s:.0f} s make {needed} requests a day: expected at most {per_day}, the"
            f" budget of {provider.name}; name fewer places or set --interval-s to"
            f" {-(-places * SECONDS_A_DAY // per_day)} or more"
        )
