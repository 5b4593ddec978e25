"""The broker image: formatted at the first start with its users, kept at the next, stopped cleanly."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.images.conftest import Run
from tests.images.container import Container

# Several starts of a JVM or a server, each of which may take READY_TIMEOUT_S on a busy machine.
pytestmark = pytest.mark.timeout(400)

READY = "Kafka Server started"
PASSWORDS = {"broker": "a-pass", "isobar-producer": "b.pass/+=~_-"}

# As the chart of the evaluation broker: clients by password, the controller on the loopback only.
PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers=127.0.0.1:9093
controller.listener.names=CONTROLLER
listeners=CLIENTS://127.0.0.1:9092,CONTROLLER://127.0.0.1:9093
advertised.listeners=CLIENTS://127.0.0.1:9092,CONTROLLER://127.0.0.1:9093
listener.security.protocol.map=CLIENTS:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=CLIENTS
sasl.enabled.mechanisms=SCRAM-SHA-512
sasl.mechanism.inter.broker.protocol=SCRAM-SHA-512
config.providers=dir
config.providers.dir.class=org.apache.kafka.common.config.provider.DirectoryConfigProvider
listener.name.clients.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required \
username="broker" password="${dir:/etc/kafka/users:broker}";
log.dirs=/var/lib/kafka/data
auto.create.topics.enable=false
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
"""

CLIENT = """\
import sys
from confluent_kafka.admin import NewTopic
from contracts.kafka import confluent_admin
from contracts.settings import KafkaSettings
admin = confluent_admin(KafkaSettings.load())
exec(sys.argv[1])
"""
CREATE = "[made.result(30) for made in admin.create_topics([NewTopic('kept', 1, 1)]).values()]"
LIST = "print(sorted(admin.list_topics(timeout=15).topics))"


def _broker(container: Run, shared: Path) -> Container:
    (shared / "server.properties").write_text(PROPERTIES)
    (shared / "users").mkdir(exist_ok=True)
    for user, password in PASSWORDS.items():
        (shared / "users" / user).write_text(password)
    return container(
        "kafka",
        files={"/etc/kafka/server.properties": shared / "server.properties", "/etc/kafka/users": shared / "users"},
        volumes={"/var/lib/kafka": shared / "data"},
    )


def _client(container: Run, broker: Container, statements: str, user: str, password: str) -> Container:
    environment = {
        "ISOBAR_KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9092",
        "ISOBAR_KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT",
        "ISOBAR_KAFKA_SASL_USERNAME": user,
        "ISOBAR_KAFKA_SASL_PASSWORD": password,
    }
    return container(
        "producer", ["-c", CLIENT, statements], entrypoint=["/opt/venv/bin/python"], env=environment, beside=broker
    )


def test_it_formats_once_and_answers_its_users(container: Run, shared: Path) -> None:
    user = "isobar-producer"
    first = _broker(container, shared)
    first.start()
    first.wait_for(READY)
    assert _client(container, first, CREATE, user, PASSWORDS[user]).run() == (0, "")
    code, output = _client(container, first, LIST, user, "a guess").run()
    assert code == 1
    assert "SASL authentication error" in output or "Authentication failed" in output
    assert first.stop() == 143
    assert "Formatting" in first.log()
    assert "shut down completed" in first.log()

    second = _broker(container, shared)
    second.start()
    second.wait_for(READY)
    code, output = _client(container, second, LIST, user, PASSWORDS[user]).run()
    assert (code, "'kept'" in output) == (0, True), output
    assert "Formatting" not in second.log()
    assert "unclean shutdown" not in second.log().lower()
    for log in (first.log(), second.log()):
        assert [password for password in PASSWORDS.values() if password in log] == []


def test_a_password_that_would_break_the_format_is_refused(container: Run, shared: Path) -> None:
    broker = _broker(container, shared)
    (shared / "users" / "broker").write_text("one,two]")

    code, output = broker.run()

    assert (code, output) == (
        1,
        "kafka: the password in /etc/kafka/users/broker: expected one line of letters, digits and . _ ~ + / = -\n",
    )
    assert not (shared / "data" / "data").exists()


def test_without_properties_it_says_where_they_belong(container: Run, shared: Path) -> None:
    code, output = container("kafka", volumes={"/var/lib/kafka": shared / "data"}).run()

    assert code == 1
    assert output == (
        "kafka: KAFKA_CONFIG is /etc/kafka/server.properties, which cannot be read: "
        "mount the broker's properties there\n"
    )


def test_a_wrong_cluster_id_is_refused(container: Run, shared: Path) -> None:
    broker = _broker(container, shared)
    broker.env = {"KAFKA_CLUSTER_ID": "my cluster"}

    code, output = broker.run()

    assert (code, output) == (1, "kafka: KAFKA_CLUSTER_ID is 'my cluster': expected 22 letters, digits, _ and -\n")


def test_several_log_directories_are_refused(container: Run, shared: Path) -> None:
    broker = _broker(container, shared)
    (shared / "server.properties").write_text("log.dirs=/var/lib/kafka/a,/var/lib/kafka/b\n")

    code, output = broker.run()

    assert code == 1
    assert output == (
        "kafka: log.dirs is /var/lib/kafka/a,/var/lib/kafka/b in /etc/kafka/server.properties: expected one directory\n"
    )
