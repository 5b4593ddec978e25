"""What every sink test does: produce a ledger, run sinks as processes, wait for rows, hold both against each other.

Rows are no proof of exactly-once by themselves: an upsert swallows a repeated record. So a BEFORE INSERT trigger on
the table journals every row that a transaction *offers*, repeated or not, and the ledger checker reads the journal.
"""

import os
import random
import signal
import sys
import time
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import psycopg
from confluent_kafka import Producer, TopicPartition

from contracts import wire
from contracts.kafka import confluent_admin, confluent_consumer, confluent_producer, create_topics
from contracts.schema import RECORDS
from contracts.settings import KafkaSettings
from contracts.topics import Catalogue
from contracts.types import WeatherEnriched, WeatherObservation
from local.broker import Broker
from local.child import Child
from local.errors import StartError
from local.ports import free_port
from local.postgres import Postgres
from sinks.migrations import migrate
from sinks.partitions import Partition
from sinks.routes import Route, routes
from tests.ledger import sources
from tests.ledger.checker import Entry, Violation, check

WAIT_S = 60.0
"""How long a condition may take to come true before the test fails; what it waits for takes a few seconds at most."""

SESSION_TIMEOUT_MS = 6_000
"""The shortest that a broker accepts by default."""

EPOCH = datetime(2026, 11, 20, tzinfo=UTC)

JOURNAL = """
CREATE TABLE journal (
    seq bigint GENERATED ALWAYS AS IDENTITY, source text, station_id text, observed_at timestamptz, revision integer
);
CREATE FUNCTION journal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO journal (source, station_id, observed_at, revision)
    VALUES (NEW.source, NEW.station_id, NEW.observed_at, NEW.revision);
    RETURN NEW;
END $$;
CREATE TRIGGER journal BEFORE INSERT ON weather_enriched FOR EACH ROW EXECUTE FUNCTION journal();
"""


def observation(number: int, stations: int = 20, **values: Any) -> WeatherObservation:
    """The number-th reading: stations take turns, a minute a round."""
    observed_at = EPOCH + timedelta(minutes=number // stations)
    fields: dict[str, Any] = dict.fromkeys(RECORDS["weather_observation"].names)
    fields |= {
        "source": "ledger",
        "station_id": f"S{number % stations:03d}",
        "observed_at": observed_at,
        "ingested_at": observed_at,
        "revision": 0,
        "temperature_c": float(number),
    }
    return WeatherObservation(**fields | values)


def enriched(number: int, stations: int = 20, **values: Any) -> WeatherEnriched:
    """The number-th reading as the job would write it."""
    derived = dict.fromkeys(("heat_index_c", "wind_chill_c", "beaufort", "quality_flags"))
    fields = {**msgspec.structs.asdict(observation(number, stations)), **derived, "quality": "good"}
    return WeatherEnriched(**fields | values)


def wait_until(condition: Callable[[], bool], what: str, timeout_s: float = WAIT_S) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"{what}: not within {timeout_s:.0f} s"
        time.sleep(0.05)


def revive(postgres: Postgres) -> None:
    """Starts it again. After SIGKILL its server processes hold the shared memory until they notice, and a start is
    refused meanwhile; any other refusal is an error."""
    deadline = time.monotonic() + WAIT_S
    while True:
        try:
            postgres.start()
            postgres.wait_ready()
            return
        except StartError as error:
            if "shared memory block" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.2)


class SinkProcess(Child):
    """A sink as users run it; its log is one file per process."""

    def __init__(self, harness: "Harness", name: str, module: list[str], **settings: str) -> None:
        self.metrics_port = free_port()
        environment = {
            "ISOBAR_KAFKA_BOOTSTRAP_SERVERS": harness.kafka.bootstrap_servers,
            "ISOBAR_TOPICS_PREFIX": harness.prefix,
            "ISOBAR_SINKS_POSTGRES_DSN": harness.dsn,
            "ISOBAR_SINKS_METRICS_PORT": str(self.metrics_port),
            "ISOBAR_SINKS_SESSION_TIMEOUT_MS": str(SESSION_TIMEOUT_MS),
            **{f"ISOBAR_SINKS_{key.upper()}": value for key, value in settings.items()},
        }
        super().__init__(
            name,
            [sys.executable, "-m", *module],
            harness.tmp_path / f"{name}.log",
            env={**os.environ, **environment},
            cwd=Path(__file__).parents[3],
        )

    @property
    def log(self) -> str:
        return self.log_path.read_text("utf-8")

    def signal(self, signum: signal.Signals) -> None:
        os.kill(self.pid, signum)

    def metrics(self, name: str) -> dict[str, float]:
        """Samples of one metric by their label text; empty while the endpoint is not up."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics_port}/metrics", timeout=5) as answer:
                text = answer.read().decode()
        except OSError:
            return {}
        samples = (line.rsplit(" ", 1) for line in text.splitlines() if line.startswith((f"{name}{{", f"{name} ")))
        return {labels.removeprefix(name): float(value) for labels, value in samples}


class Harness:
    """Topics under a prefix, a database, the processes started, the ledger produced."""

    def __init__(self, broker: Broker, postgres: Postgres, prefix: str, tmp_path: Path) -> None:
        self.broker, self.postgres, self.tmp_path = broker, postgres, tmp_path
        self.database, self.prefix = prefix, f"{prefix}."
        self.kafka: KafkaSettings = broker.client_settings
        self.catalogue = Catalogue(self.prefix)
        self.ledger: list[Entry] = []
        self._children: list[SinkProcess] = []
        create_topics(confluent_admin(self.kafka), self.catalogue.all())
        with postgres.connect() as connection:
            connection.execute(f"CREATE DATABASE {self.database}".encode())
        self.producer: Producer = confluent_producer(self.kafka, "test", linger_ms=1)

    @property
    def dsn(self) -> str:
        return self.postgres.dsn.rsplit("/", 1)[0] + f"/{self.database}"

    @property
    def routes(self) -> dict[str, Route]:
        return routes(self.catalogue)

    def close(self) -> None:
        for child in self._children:
            if child.is_running():
                child.signal(signal.SIGCONT)
            child.stop()

    # ---- producing ----

    def produce(self, records: Iterable[WeatherEnriched]) -> None:
        """To weather.enriched, in order, acknowledged, and into the ledger."""
        for record in records:
            self.send(self.catalogue.enriched.name, record.station_id.encode(), wire.encode(record))
            self.ledger.append(sources.from_struct(RECORDS["weather_enriched"], record, f"produced {len(self.ledger)}"))
        assert self.producer.flush(30) == 0

    def send(
        self, topic: str, key: bytes, value: bytes | None, headers: list[tuple[str, str | bytes | None]] | None = None
    ) -> None:
        self.producer.produce(topic, value, key, headers=headers or [])
        self.producer.poll(0)

    # ---- sinks ----

    def sink(self, name: str = "sink", *topics: str, **settings: str) -> SinkProcess:
        """Reads weather.enriched unless topics are named."""
        return self.start(
            SinkProcess(self, name, ["sinks", "postgres", "--topics", *(topics or ("enriched",))], **settings)
        )

    def start(self, child: SinkProcess) -> SinkProcess:
        self._children.append(child)
        child.start()
        return child

    # ---- looking ----

    @contextmanager
    def connect(self) -> Iterator[psycopg.Connection[Any]]:
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            yield connection

    def query(self, text: str) -> list[tuple[Any, ...]]:
        with self.connect() as connection:
            return connection.execute(text.encode()).fetchall()

    def scalar(self, text: str) -> Any:
        return self.query(text)[0][0]

    def keep_journal(self) -> None:
        """Makes the tables, as the sink would, and the trigger on them."""
        with self.connect() as connection:
            migrate(connection, {route.table: route.record for route in self.routes.values()})
            connection.execute(JOURNAL)

    def rows(self, table: str = "weather_enriched") -> int:
        """0 while the table is not there yet."""
        if not self._exists(table):
            return 0
        count: int = self.scalar(f"SELECT count(*) FROM {table}")
        return count

    def _exists(self, table: str) -> bool:
        return self.scalar(f"SELECT to_regclass('{table}')") is not None

    def wait_for_rows(self, count: int, table: str = "weather_enriched") -> None:
        wait_until(lambda: self.rows(table) >= count, f"{count} rows in {table}")

    def violations(self) -> list[Violation]:
        """What the journal says against what was produced."""
        record = RECORDS["weather_enriched"]
        return check(self.ledger, sources.from_postgres(record, "journal", self.dsn, "seq"))

    def next_offsets(self) -> dict[Partition, int]:
        """As the database has them; partitions never written are absent."""
        if not self._exists("sink_offsets"):
            return {}
        rows = self.query("SELECT topic, partition, next_offset FROM sink_offsets WHERE next_offset IS NOT NULL")
        return {Partition(topic, partition): offset for topic, partition, offset in rows}

    def committed(self, group: str = "isobar-sink-postgres") -> dict[Partition, int]:
        """As Kafka has them."""
        consumer = confluent_consumer(self.kafka, group, "test")
        try:
            topic = self.catalogue.enriched
            wanted = [TopicPartition(topic.name, number) for number in range(topic.partitions)]
            found = consumer.committed(wanted, timeout=10)
            return {Partition(p.topic, p.partition): p.offset for p in found if p.offset >= 0}
        finally:
            consumer.close()

    def messages(self, topic: str, count: int) -> list[tuple[bytes | None, bytes | None, dict[str, str]]]:
        """The first messages of a topic: key, value, headers."""
        consumer = confluent_consumer(self.kafka, f"{self.prefix}reader", "test")
        found: list[tuple[bytes | None, bytes | None, dict[str, str]]] = []
        try:
            consumer.subscribe([topic])
            deadline = time.monotonic() + WAIT_S
            while len(found) < count and time.monotonic() < deadline:
                for message in consumer.consume(count, 0.5):
                    pairs = message.headers() or {}
                    items = pairs.items() if isinstance(pairs, dict) else pairs
                    found.append((message.key(), message.value(), {name: _text(value) for name, value in items}))
        finally:
            consumer.close()
        return found


def seeded(seed: int) -> random.Random:
    """Said aloud, so that a failed schedule can be run again."""
    print(f"seed {seed}")
    return random.Random(seed)


def _text(value: str | bytes | None) -> str:
    return value.decode() if isinstance(value, bytes) else value or ""
