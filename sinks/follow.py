"""`python -m sinks.follow` follows one record the whole way: into Kafka, through the job and the sink, into Postgres.

What `helm test` runs. It publishes as the producer does (its user, the observations topic) and looks where the sinks
write (their connection string), so that everything between the two has to work. Each run observes the hour before
last at a station of its own source, `helm-test`; the row of an earlier run in the same hour does not count, because
its time of ingestion is another.
"""

import argparse
import sys
import time
from datetime import UTC, datetime, timedelta

import psycopg

from contracts import wire
from contracts.kafka import confluent_producer
from contracts.postgres import table_name
from contracts.schema import RECORDS
from contracts.settings import KafkaSettings, SettingsError, TopicSettings
from contracts.types import WeatherObservation
from sinks.settings import SinkSettings

SOURCE = "helm-test"
POLL_S = 0.5
DELIVERY_TIMEOUT_S = 60.0
CONNECT_TIMEOUT_S = 10


class LostError(Exception):
    """The record did not come out where it should; the text says how far it came."""


def observation(now: datetime) -> WeatherObservation:
    """An unremarkable hour. A station per second of the run: nothing there is a revision of anything."""
    return WeatherObservation(
        source=SOURCE,
        station_id=f"follow-{now:%Y%m%dT%H%M%SZ}",
        observed_at=now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=1),
        ingested_at=now.replace(microsecond=0),
        revision=0,
        lat=51.5,
        lon=-0.1,
        elevation_m=None,
        temperature_c=11.5,
        dew_point_c=7.0,
        humidity_pct=73.5,
        pressure_sea_level_hpa=1013.2,
        pressure_station_hpa=None,
        wind_speed_ms=3.1,
        wind_direction_deg=220.0,
        wind_gust_ms=None,
        precipitation_1h_mm=None,
        visibility_m=None,
        visibility_is_lower_bound=None,
        weather_code=None,
    )


def publish(record: WeatherObservation, kafka: KafkaSettings, topics: TopicSettings) -> None:
    """Returns when the broker has it.

    Raises:
        LostError: it does not.
    """
    topic, errors = topics.catalogue().observations, list[str]()
    producer = confluent_producer(kafka, "isobar-follow", message_timeout_ms=int(DELIVERY_TIMEOUT_S * 1000))
    producer.produce(
        topic.name,
        wire.encode(record),
        wire.key(record, topic.key),
        on_delivery=lambda error, _: errors.append(error.str()) if error else None,
    )
    unsent = producer.flush(DELIVERY_TIMEOUT_S + 5)
    if unsent or errors:
        raise LostError(
            f"expected '{topic.name}' at {kafka.bootstrap_servers} to take a record,"
            f" found {errors[0] if errors else 'no answer'}"
        )


def arrived(record: WeatherObservation, dsn: str) -> bool:
    """Whether its row is there."""
    table = table_name(RECORDS["weather_enriched"])
    with psycopg.connect(dsn, autocommit=True, connect_timeout=CONNECT_TIMEOUT_S) as connection:
        query = f"SELECT temperature_c FROM {table} WHERE source = %s AND station_id = %s AND observed_at = %s"
        try:
            row = connection.execute(query.encode(), [SOURCE, record.station_id, record.observed_at]).fetchone()
        except psycopg.errors.UndefinedTable:
            return False
    return row is not None and row[0] == record.temperature_c


def main(arguments: list[str] | None = None) -> int:
    """0 when the row is there, 1 when it is not, 2 for wrong settings."""
    parser = argparse.ArgumentParser(prog="python -m sinks.follow", description=__doc__)
    parser.add_argument("--timeout-s", type=float, default=180.0, help="how long the way may take")
    timeout_s = parser.parse_args(arguments).timeout_s
    try:
        settings, kafka, topics = SinkSettings.load(), KafkaSettings.load(), TopicSettings.load()
        dsn = settings.dsn()
    except SettingsError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    record, began = observation(datetime.now(UTC)), time.monotonic()
    try:
        publish(record, kafka, topics)
        print(f"{record.station_id}: published to '{topics.catalogue().observations.name}'", flush=True)
        while not arrived(record, dsn):
            if time.monotonic() - began > timeout_s:
                raise LostError(
                    f"expected the row of {record.station_id} in the database within {timeout_s:.0f} s, found none:"
                    " Kafka has the record; look at the job's and the sinks' logs, and for dead letters"
                )
            time.sleep(POLL_S)
    except (LostError, psycopg.OperationalError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"{record.station_id}: in the database after {time.monotonic() - began:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
