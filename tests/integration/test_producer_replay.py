"""The replay against a real broker: what arrives, where, and how it ends."""

import re
import signal
import urllib.request
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from confluent_kafka import Message

from contracts import wire
from contracts.settings import KafkaSettings
from contracts.topics import Catalogue, Topic
from contracts.types import WeatherObservation
from local.ports import free_port
from producer import nyc_2013
from tests.fixtures.brokers import make_topics, read_all, running_broker
from tests.fixtures.producer_process import ProducerProcess

pytestmark = pytest.mark.integration

CUT_ROWS = 1007


@pytest.fixture(scope="module")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaSettings]:
    with running_broker(tmp_path_factory.mktemp("broker")) as broker:
        yield broker.client_settings


@pytest.fixture
def topics(kafka: KafkaSettings, request: pytest.FixtureRequest) -> Catalogue:
    """A family of topics of the test's own."""
    catalogue = Catalogue(re.sub(r"[^a-z0-9]+", "-", request.node.name) + ".")
    make_topics(kafka, [catalogue.observations])
    return catalogue


def replay(kafka: KafkaSettings, prefix: str, empty_cache: Path, *arguments: str, **variables: str) -> ProducerProcess:
    """The cut shipped with the package, whatever this machine has cached."""
    return ProducerProcess(
        "replay",
        "--offline",
        *arguments,
        kafka=kafka,
        ISOBAR_TOPICS_PREFIX=prefix,
        ISOBAR_PRODUCER_CACHE_DIR=str(empty_cache),
        **variables,
    )


def traceparent(message: Message) -> bytes:
    headers = message.headers()
    value = dict(headers)["traceparent"] if isinstance(headers, list) else None
    assert isinstance(value, bytes), headers
    return value


def test_every_row_arrives_once_in_order_within_its_station_and_ends_now(
    kafka: KafkaSettings, topics: Catalogue, tmp_path: Path
) -> None:
    with replay(kafka, topics.prefix, tmp_path) as process:
        assert process.end() == 0, process.errors
    assert (
        "nyc-2013: replaying the two weeks shipped with the package, not the whole year (--offline)\n" in process.errors
    )
    assert process.errors.endswith(
        f"replay: done: {CUT_ROWS:,} of {CUT_ROWS:,} records sent to '{topics.observations.name}' and acknowledged\n"
    )
    messages = read_all(kafka, topics.observations.name)
    records = [wire.decode(WeatherObservation, message.value() or b"") for message in messages]
    assert len(records) == CUT_ROWS
    for message, record in zip(messages, records, strict=True):
        assert message.key() == record.station_id.encode()
        assert re.fullmatch(rb"00-[0-9a-f]{32}-[0-9a-f]{16}-01", traceparent(message))
    assert len({traceparent(message) for message in messages}) == CUT_ROWS

    arrived: defaultdict[str, list[datetime]] = defaultdict(list)
    for record in records:
        arrived[record.station_id].append(record.observed_at)
    shift = max(record.observed_at for record in records) - datetime(2013, 2, 19, 23, tzinfo=UTC)
    expected = nyc_2013.readings(nyc_2013.cut())
    for airport, times in arrived.items():
        assert times == [reading.hour + shift for reading in expected if reading.airport == airport]
    assert timedelta(0) <= datetime.now(UTC) - max(record.observed_at for record in records) < timedelta(hours=2)


def test_unshifted_replay_makes_its_own_topics_and_leaves_the_present_alone(
    kafka: KafkaSettings, topics: Catalogue, tmp_path: Path
) -> None:
    with replay(kafka, topics.prefix, tmp_path, "--no-shift", "--limit", "90") as process:
        assert process.end() == 0, process.errors
    own = Catalogue(f"nyc-2013.{topics.prefix}")
    records = [wire.decode(WeatherObservation, m.value() or b"") for m in read_all(kafka, own.observations.name)]
    assert len(records) == 90
    assert {record.observed_at.year for record in records} == {2013}
    assert read_all(kafka, topics.observations.name) == []
    for topic in own.all():
        assert read_all(kafka, topic.name) == [] or topic == own.observations


@pytest.mark.parametrize(("number", "name"), [(signal.SIGTERM, "SIGTERM"), (signal.SIGINT, "Ctrl+C")])
def test_a_signal_flushes_and_says_how_many_were_sent(
    kafka: KafkaSettings, topics: Catalogue, tmp_path: Path, number: signal.Signals, name: str
) -> None:
    port = free_port()
    metrics = {"ISOBAR_PRODUCER_METRICS_PORT": str(port)}
    with replay(kafka, topics.prefix, tmp_path, "--rate", "40", **metrics) as process:
        process.wait_for(r"replay: \d+ sent, \d+/s, at \d{4}-\d\d-\d\d \d\d:\d\dZ\n")
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as response:
            exposed = response.read().decode()
        process.signal(number)
        assert process.end() == 0, process.errors
    said = re.search(rf"replay: stopped by {re.escape(name)}: (\d+) of {CUT_ROWS:,} records sent to ", process.errors)
    assert said, process.errors
    assert 0 < int(said[1]) < CUT_ROWS
    assert len(read_all(kafka, topics.observations.name)) == int(said[1])
    for metric in ("records", "bytes"):
        value = re.search(rf'^isobar_producer_{metric}_total{{source="nyc-2013"}} (\S+)$', exposed, re.MULTILINE)
        assert value, exposed
        assert float(value[1]) > 0


def test_a_record_that_kafka_refuses_fails_the_command(kafka: KafkaSettings, tmp_path: Path) -> None:
    class TinyTopic(Topic):
        """Takes no record as large as ours."""

        def config(self) -> dict[str, str]:
            return {"max.message.bytes": "64"}

    name = "tiny.weather.observations"
    make_topics(kafka, [TinyTopic(name, "too small for any observation")])
    with replay(kafka, "tiny.", tmp_path, "--limit", "10") as process:
        assert process.end() == 1, process.errors
    assert re.search(
        rf"error: Kafka at {kafka.bootstrap_servers} did not take 10 record\(s\) of topic '{name}': .*too large.*;"
        r" look at the broker's log; 10 records were handed over before\n$",
        process.errors,
    ), process.errors


def test_no_broker_and_no_topic_are_sentences(kafka: KafkaSettings, tmp_path: Path) -> None:
    nobody = KafkaSettings(bootstrap_servers=f"127.0.0.1:{free_port()}")
    with replay(nobody, "", tmp_path) as process, replay(kafka, "absent.", tmp_path) as other:
        assert process.end() == 1
        assert other.end() == 1
    assert (
        f"error: expected a Kafka broker at {nobody.bootstrap_servers}, found none ready within 15 s" in process.errors
    )
    assert process.errors.endswith("; start one (python -m local up) or set ISOBAR_KAFKA_BOOTSTRAP_SERVERS\n")
    assert (
        f"error: expected topic 'absent.weather.observations' at {kafka.bootstrap_servers}, found none" in other.errors
    )
    assert other.errors.endswith(
        "; create it (python -m local topics)"
        " or set ISOBAR_TOPICS_PREFIX and ISOBAR_TOPICS_OBSERVATIONS to one that exists\n"
    )
