"""The evaluation broker as the chart configures it, on a real broker: users, rights, topics."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException

from contracts import provision
from contracts.kafka import confluent_admin, confluent_consumer, confluent_producer
from contracts.settings import KafkaSettings
from contracts.topics import Catalogue
from local.broker import Broker
from local.ports import free_port
from tests.charts.rendering import RELEASE, one, template

# Real servers start, each of which takes its time on a busy machine.
pytestmark = [pytest.mark.integration, pytest.mark.timeout(400)]

CATALOGUE = Catalogue()
TIMEOUT_S = 20.0


class ChartBroker(Broker):
    """A broker with the chart's own server.properties; only ports, addresses and the directory are this machine's."""

    def __init__(self, data_dir: Path, config: str) -> None:
        self.clients_port, internal, controller = free_port(), free_port(), free_port()
        replaced = re.sub(r"CLIENTS://[^,\n]+:9092", f"CLIENTS://127.0.0.1:{self.clients_port}", config)
        replaced = replaced.replace(":9094", f":{internal}").replace(":9093", f":{controller}")
        self._config = replaced.replace("/var/lib/kafka/data", str(data_dir / "log"))
        super().__init__(data_dir, internal, controller, heap_mb=384)

    def _properties(self) -> str:
        return self._config


@pytest.fixture(scope="module")
def manifests() -> list[dict[str, Any]]:
    return template("kafka", {"provider": "standalone"})


@pytest.fixture(scope="module")
def wanted(manifests: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The chart's file for the provisioner, with passwords in files of ours."""
    passwords = tmp_path_factory.mktemp("passwords")
    wanted: dict[str, Any] = json.loads(one(manifests, "ConfigMap", f"{RELEASE}-kafka")["data"]["provision.json"])
    for user, declared in wanted["users"].items():
        file = passwords / user
        file.write_text(f"password-of-{user}\n")
        declared["passwordFile"] = str(file)
    return wanted


@pytest.fixture(scope="module")
def broker(
    manifests: list[dict[str, Any]], wanted: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ChartBroker]:
    config = one(manifests, "ConfigMap", f"{RELEASE}-kafka")["data"]["server.properties"]
    broker = ChartBroker(tmp_path_factory.mktemp("broker"), config)
    broker.start()
    try:
        broker.wait_ready()
        provision.Provisioner(confluent_admin(broker.client_settings), print).apply(wanted)
        yield broker
    finally:
        broker.stop()


def settings(broker: ChartBroker, component: str, password: str | None = None) -> KafkaSettings:
    user = f"{RELEASE}-kafka-{component}"
    return KafkaSettings.load(
        bootstrap_servers=f"127.0.0.1:{broker.clients_port}",
        security_protocol="SASL_PLAINTEXT",
        sasl_username=user,
        sasl_password=password or f"password-of-{user}",
    )


def produce(kafka: KafkaSettings, topic: str) -> KafkaError | None:
    """The error of producing one record, or None."""
    errors: list[KafkaError | None] = []
    producer = confluent_producer(kafka, "tests", message_timeout_ms=int(TIMEOUT_S * 1000))
    producer.produce(topic, b"{}", b"key", on_delivery=lambda error, _: errors.append(error))
    producer.flush(TIMEOUT_S)
    return errors[0]


def consume(kafka: KafkaSettings, topic: str, group: str) -> KafkaError | None:
    """The first error of a consumer, or None when it reached the end of the topic or a record."""
    consumer = confluent_consumer(kafka, group, "tests", enable_partition_eof=True)
    try:
        consumer.subscribe([topic])
        message = consumer.poll(TIMEOUT_S)
        assert message is not None, f"nothing from {topic} within {TIMEOUT_S:.0f} s"
        error = message.error()
        return None if error is None or error.code() == KafkaError._PARTITION_EOF else error
    finally:
        consumer.close()


def test_every_topic_of_the_catalogue_is_there(broker: ChartBroker) -> None:
    found = confluent_admin(broker.client_settings).list_topics(timeout=TIMEOUT_S).topics

    assert {name: len(found[name].partitions) for name in found if not name.startswith("__")} == {
        topic.name: topic.partitions for topic in CATALOGUE.all()
    }


@pytest.mark.parametrize(
    ("component", "topic"),
    [
        ("producer", CATALOGUE.observations.name),
        ("producer", CATALOGUE.poller_state.name),
        ("jobs", CATALOGUE.enriched.name),
        ("jobs", f"{CATALOGUE.observations.name}.dlq"),
        ("jobs", f"{CATALOGUE.observations.name}.late"),
        ("sinks", f"{CATALOGUE.windows.name}.dlq"),
    ],
)
def test_a_component_may_write_what_it_writes(broker: ChartBroker, component: str, topic: str) -> None:
    assert produce(settings(broker, component), topic) is None


@pytest.mark.parametrize(
    ("component", "topic"),
    [
        ("producer", CATALOGUE.enriched.name),
        ("jobs", CATALOGUE.observations.name),
        ("sinks", CATALOGUE.enriched.name),
        ("sinks", CATALOGUE.observations.name),
    ],
)
def test_a_component_may_write_nothing_else(broker: ChartBroker, component: str, topic: str) -> None:
    error = produce(settings(broker, component), topic)

    assert error is not None
    assert error.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED


@pytest.mark.parametrize(
    ("component", "topic", "group"),
    [
        ("jobs", CATALOGUE.observations.name, "process-weather"),
        ("sinks", CATALOGUE.enriched.name, "isobar-sink-postgres"),
        ("sinks", CATALOGUE.revisions.name, "isobar-sink-postgres"),
        ("producer", CATALOGUE.poller_state.name, "producer.state.poller.metoffice"),
    ],
)
def test_a_component_may_read_what_it_reads(broker: ChartBroker, component: str, topic: str, group: str) -> None:
    assert consume(settings(broker, component), topic, group) is None


@pytest.mark.parametrize(
    ("component", "topic", "group", "code"),
    [
        ("sinks", CATALOGUE.observations.name, "isobar-sink-postgres", KafkaError.TOPIC_AUTHORIZATION_FAILED),
        ("jobs", CATALOGUE.enriched.name, "process-weather", KafkaError.TOPIC_AUTHORIZATION_FAILED),
        ("sinks", CATALOGUE.enriched.name, "process-weather", KafkaError.GROUP_AUTHORIZATION_FAILED),
    ],
)
def test_a_component_may_read_nothing_else(
    broker: ChartBroker, component: str, topic: str, group: str, code: int
) -> None:
    error = consume(settings(broker, component), topic, group)

    assert error is not None
    assert error.code() == code


def test_another_password_works_once_its_file_holds_it(broker: ChartBroker, wanted: dict[str, Any]) -> None:
    admin, said = confluent_admin(broker.client_settings), list[str]()
    provisioner = provision.Provisioner(admin, said.append)
    user = f"{RELEASE}-kafka-producer"
    file = Path(wanted["users"][user]["passwordFile"])
    before = file.read_text()
    provisioner.apply(wanted)
    said.clear()
    file.write_text("rotated\n")
    try:
        provisioner.apply(wanted)

        assert said == [f"set the password of {user}"]
        assert produce(settings(broker, "producer", "rotated"), CATALOGUE.observations.name) is None
        with pytest.raises(KafkaException, match="_TRANSPORT"):
            confluent_admin(settings(broker, "producer", before.strip())).list_topics(timeout=3)
    finally:
        file.write_text(before)
        provisioner.apply(wanted)


def test_a_right_that_is_no_longer_declared_is_taken(broker: ChartBroker, wanted: dict[str, Any]) -> None:
    said: list[str] = []
    user = f"{RELEASE}-kafka-sinks"
    more = json.loads(json.dumps(wanted))
    more["users"][user]["acls"].append(
        {
            "resource": {"type": "topic", "name": CATALOGUE.observations.name, "patternType": "literal"},
            "operations": ["Read"],
        }
    )
    provisioner = provision.Provisioner(confluent_admin(broker.client_settings), said.append)
    provisioner.apply(more)
    assert said[-1] == f"{user}: 1 rights given, 0 taken"

    provisioner.apply(wanted)

    assert said[-1] == f"{user}: 0 rights given, 1 taken"
    provisioner.apply(wanted)
    assert len([line for line in said if "rights" in line]) == 2, "what is as it should be is left alone"
