"""One key, one partition, whichever of the three clients sends it: or its records would lose their order."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import confluent_kafka
import pytest

from contracts.kafka import confluent_producer, librdkafka_properties, pure_producer
from contracts.settings import KafkaSettings
from contracts.topics import Topic
from local import maven
from local.java import java_environment, java_executable
from tests.fixtures.brokers import make_topics, running_broker

pytestmark = pytest.mark.integration

TOPIC = Topic("partitioner", "every key from every client", partitions=7)
STATIONS = [f"station-{number}" for number in range(200)]
ODD = ["EWR", "gcpsvg", "2643743", "", "a", "ab", "abc", "Ærøskøbing", "長崎", "51.5085,-0.1257", "x" * 1000, '{"a":1}']
KEYS = [key.encode() for key in STATIONS + ODD] + [bytes(range(256)), b"\x00", b"\xff" * 5]


@pytest.fixture(scope="module")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaSettings]:
    with running_broker(tmp_path_factory.mktemp("broker")) as broker:
        make_topics(broker.client_settings, [TOPIC])
        yield broker.client_settings


def by_kafka_python(kafka: KafkaSettings) -> list[int]:
    producer = pure_producer(kafka, "partitioner-test")
    try:
        return [producer.send(TOPIC.name, key, key).get(30).partition for key in KEYS]
    finally:
        producer.close()


def by_librdkafka(producer: confluent_kafka.Producer) -> list[int]:
    found: dict[bytes, int] = {}

    def delivered(error: confluent_kafka.KafkaError | None, message: confluent_kafka.Message) -> None:
        assert error is None, error
        found[message.value() or b""] = message.partition() or 0

    for key in KEYS:
        producer.produce(TOPIC.name, key, key, on_delivery=delivered)
    assert producer.flush(30) == 0
    return [found[key] for key in KEYS]


def by_java(kafka: KafkaSettings) -> list[int]:
    source = Path(__file__).with_name("KeyedProducer.java")
    done = subprocess.run(
        [java_executable(), "-cp", f"{maven.fetch(maven.BROKER)}/*", str(source), kafka.bootstrap_servers, TOPIC.name],
        input="\n".join(key.hex() for key in KEYS) + "\n",
        env=java_environment(),
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [int(line) for line in done.stdout.split()]


def test_three_clients_send_a_key_to_the_same_partition(kafka: KafkaSettings) -> None:
    java = by_java(kafka)
    assert set(java) == set(range(TOPIC.partitions)), "the keys must tell partitioners apart"
    assert by_kafka_python(kafka) == java
    assert by_librdkafka(confluent_producer(kafka, "partitioner-test")) == java


def test_librdkafka_left_to_its_default_would_differ(kafka: KafkaSettings) -> None:
    """What the setting guards against, and that this test would see it."""
    assert by_librdkafka(confluent_kafka.Producer(librdkafka_properties(kafka))) != by_java(kafka)
