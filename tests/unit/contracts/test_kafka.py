"""Properties of every client: security as each library spells it, and what no caller has to remember."""

from concurrent.futures import Future
from typing import Any, cast

import confluent_kafka
import kafka as kafka_python
import pytest
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient
from kafka.partitioner.default import murmur2

from contracts import kafka
from contracts.settings import KafkaSettings, SettingsError
from contracts.topics import Catalogue, Topic

PLAIN = KafkaSettings(bootstrap_servers="a:1,b:2")
TLS = KafkaSettings(
    bootstrap_servers="a:1",
    security_protocol="SSL",
    ssl_ca_location="/tls/ca.pem",
    ssl_certificate_location="/tls/client.pem",
    ssl_key_location="/tls/client.pem",
)
SCRAM = KafkaSettings(
    bootstrap_servers="a:1", security_protocol="SASL_PLAINTEXT", sasl_username="user", sasl_password="secret"
)
SASL_TLS = KafkaSettings(
    bootstrap_servers="a:1",
    security_protocol="SASL_SSL",
    sasl_mechanism="PLAIN",
    sasl_username="user",
    sasl_password="secret",
    ssl_ca_location="/tls/ca.pem",
)
EVERY_PROTOCOL = (PLAIN, TLS, SCRAM, SASL_TLS)

# ---- security ----


@pytest.mark.parametrize(
    ("settings", "properties"),
    [
        (PLAIN, {"bootstrap.servers": "a:1,b:2", "security.protocol": "PLAINTEXT"}),
        (
            TLS,
            {
                "bootstrap.servers": "a:1",
                "security.protocol": "SSL",
                "ssl.ca.location": "/tls/ca.pem",
                "ssl.certificate.location": "/tls/client.pem",
                "ssl.key.location": "/tls/client.pem",
            },
        ),
        (
            SCRAM,
            {
                "bootstrap.servers": "a:1",
                "security.protocol": "SASL_PLAINTEXT",
                "sasl.mechanism": "SCRAM-SHA-512",
                "sasl.username": "user",
                "sasl.password": "secret",
            },
        ),
        (
            SASL_TLS,
            {
                "bootstrap.servers": "a:1",
                "security.protocol": "SASL_SSL",
                "sasl.mechanism": "PLAIN",
                "sasl.username": "user",
                "sasl.password": "secret",
                "ssl.ca.location": "/tls/ca.pem",
            },
        ),
    ],
)
def test_security_for_librdkafka(settings: KafkaSettings, properties: dict[str, str]) -> None:
    assert kafka.librdkafka_properties(settings) == properties


SCRAM_MODULE = "org.apache.kafka.common.security.scram.ScramLoginModule"
PLAIN_MODULE = "org.apache.kafka.common.security.plain.PlainLoginModule"


@pytest.mark.parametrize(
    ("settings", "properties"),
    [
        (PLAIN, {"bootstrap.servers": "a:1,b:2", "security.protocol": "PLAINTEXT"}),
        (
            TLS,
            {
                "bootstrap.servers": "a:1",
                "security.protocol": "SSL",
                "ssl.truststore.type": "PEM",
                "ssl.truststore.location": "/tls/ca.pem",
                "ssl.keystore.type": "PEM",
                "ssl.keystore.location": "/tls/client.pem",
            },
        ),
        (
            SCRAM,
            {
                "bootstrap.servers": "a:1",
                "security.protocol": "SASL_PLAINTEXT",
                "sasl.mechanism": "SCRAM-SHA-512",
                "sasl.jaas.config": f'{SCRAM_MODULE} required username="user" password="secret";',
            },
        ),
        (
            SASL_TLS,
            {
                "bootstrap.servers": "a:1",
                "security.protocol": "SASL_SSL",
                "sasl.mechanism": "PLAIN",
                "sasl.jaas.config": f'{PLAIN_MODULE} required username="user" password="secret";',
                "ssl.truststore.type": "PEM",
                "ssl.truststore.location": "/tls/ca.pem",
            },
        ),
    ],
)
def test_security_for_java_and_for_flink(settings: KafkaSettings, properties: dict[str, str]) -> None:
    assert kafka.java_properties(settings) == properties
    shaded = "org.apache.flink.kafka.shaded.org.apache.kafka."
    assert kafka.flink_properties(settings) == {
        f"properties.{name}": value.replace("org.apache.kafka.", shaded) for name, value in properties.items()
    }


def test_quotes_and_backslashes_of_a_password_stay_inside_its_quotes() -> None:
    settings = SCRAM.model_copy(update={"sasl_username": 'a"b', "sasl_password": SASL_TLS.sasl_password})
    assert 'username="a\\"b" password="secret";' in kafka.java_properties(settings)["sasl.jaas.config"]

    settings = KafkaSettings(security_protocol="SASL_SSL", sasl_username="u", sasl_password='\\"; x="')
    assert kafka.java_properties(settings)["sasl.jaas.config"] == (
        f'{SCRAM_MODULE} required username="u" password="\\\\\\"; x=\\"";'
    )


def test_only_the_login_module_is_renamed_for_flink() -> None:
    password = "org.apache.kafka.common.security."
    settings = KafkaSettings(security_protocol="SASL_SSL", sasl_username="u", sasl_password=password)

    assert f'password="{password}"' in kafka.flink_properties(settings)["properties.sasl.jaas.config"]


def test_java_wants_certificate_and_key_in_one_file() -> None:
    settings = TLS.model_copy(update={"ssl_key_location": "/tls/key.pem"})
    assert kafka.librdkafka_properties(settings)["ssl.key.location"] == "/tls/key.pem"

    with pytest.raises(SettingsError) as refused:
        kafka.java_properties(settings)
    assert str(refused.value) == (
        "ISOBAR_KAFKA_SSL_CERTIFICATE_LOCATION is '/tls/client.pem' and ISOBAR_KAFKA_SSL_KEY_LOCATION is"
        " '/tls/key.pem': the Java client needs one PEM file with the PKCS#8 key and the certificate chain;"
        " expected its path in both"
    )


# ---- clients ----


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The properties a client was built with: no client is."""
    seen: dict[str, Any] = {}

    def builder(properties: dict[str, Any] | None = None, /, **named: Any) -> None:
        seen.update(properties or named)

    for library, name in (
        (confluent_kafka, "Producer"),
        (confluent_kafka, "Consumer"),
        (kafka_python, "KafkaProducer"),
        (kafka_python, "KafkaConsumer"),
    ):
        monkeypatch.setattr(library, name, builder)
    return seen


def test_a_librdkafka_producer(built: dict[str, Any]) -> None:
    kafka.confluent_producer(SCRAM, "me")

    assert built == {
        **kafka.librdkafka_properties(SCRAM),
        "client.id": "me",
        "acks": "all",
        "enable.idempotence": True,
        "partitioner": "murmur2_random",
        "compression.type": "lz4",
        "linger.ms": 20,
        "message.timeout.ms": 120_000,
    }


def test_a_librdkafka_consumer(built: dict[str, Any]) -> None:
    kafka.confluent_consumer(SCRAM, "group", "me")

    assert built == {
        **kafka.librdkafka_properties(SCRAM),
        "group.id": "group",
        "client.id": "me",
        "isolation.level": "read_committed",
        "partition.assignment.strategy": "cooperative-sticky",
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "auto.offset.reset": "earliest",
    }


def test_overrides_win_and_callbacks_keep_their_names(built: dict[str, Any]) -> None:
    kafka.confluent_consumer(PLAIN, "group", "me", isolation_level="read_uncommitted", error_cb=print)

    assert built["isolation.level"] == "read_uncommitted"
    assert built["error_cb"] is print
    kafka.confluent_producer(PLAIN, "me", **{"linger.ms": 5, "acks": "1"})
    assert (built["linger.ms"], built["acks"]) == (5, "1")


def test_a_kafka_python_producer(built: dict[str, Any]) -> None:
    kafka.pure_producer(SASL_TLS, "me", linger_ms=7)

    assert built == {
        "bootstrap_servers": ["a:1"],
        "client_id": "me",
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": "PLAIN",
        "sasl_plain_username": "user",
        "sasl_plain_password": "secret",
        "ssl_cafile": "/tls/ca.pem",
        "acks": "all",
        "enable_idempotence": True,
        "delivery_timeout_ms": 120_000,
        "linger_ms": 7,
    }


def test_a_kafka_python_consumer(built: dict[str, Any]) -> None:
    kafka.pure_consumer(TLS, "me", consumer_timeout_ms=9)

    assert built == {
        "bootstrap_servers": ["a:1"],
        "client_id": "me",
        "security_protocol": "SSL",
        "ssl_cafile": "/tls/ca.pem",
        "ssl_certfile": "/tls/client.pem",
        "ssl_keyfile": "/tls/client.pem",
        "group_id": None,
        "isolation_level": "read_committed",
        "enable_auto_commit": False,
        "auto_offset_reset": "earliest",
        "consumer_timeout_ms": 9,
    }


@pytest.mark.parametrize("settings", EVERY_PROTOCOL, ids=lambda settings: settings.security_protocol)
def test_kafka_python_knows_every_property(built: dict[str, Any], settings: KafkaSettings) -> None:
    """Names only: building the client would already look for the broker."""
    producer, consumer = kafka_python.producer.KafkaProducer, kafka_python.consumer.KafkaConsumer
    kafka.pure_producer(settings, "me")
    assert set(built) <= set(producer.DEFAULT_CONFIG)
    built.clear()
    kafka.pure_consumer(settings, "me")
    assert set(built) <= set(consumer.DEFAULT_CONFIG)


@pytest.mark.parametrize("properties", [{"acks": "all", "enable.idempotence": True, "partitioner": kafka.PARTITIONER}])
def test_librdkafka_takes_the_guarantees(properties: dict[str, Any]) -> None:
    """Built in earnest, without a broker to find: an unknown name or a contradiction raises here."""
    producer = confluent_kafka.Producer(properties)
    assert len(producer) == 0
    with pytest.raises(KafkaException, match="acks"):
        confluent_kafka.Producer(properties | {"acks": "1"})
    with pytest.raises(KafkaException, match="partitioner"):
        confluent_kafka.Producer(properties | {"partitioner": "murmur3"})


@pytest.mark.parametrize(
    ("key", "hashed"),
    [
        (b"21", -973932308),
        (b"foobar", -790332482),
        (b"a-little-bit-long-string", -985981536),
        (b"a-little-bit-longer-string", -1486304829),
        (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        (b"abc", 479470107),
    ],
)
def test_the_partitioner_of_kafka_python_hashes_as_java_does(key: bytes, hashed: int) -> None:
    """Values of the Java client; tests/integration/test_partitioner.py holds all three against each other."""
    assert murmur2(key) & 0xFFFFFFFF == hashed & 0xFFFFFFFF


# ---- topics ----


class Admin:
    """Answers for each topic as a broker would, and keeps what it was asked."""

    def __init__(self, **errors: int) -> None:
        self.errors = errors
        self.asked: list[Any] = []

    def create_topics(self, new_topics: Any, **options: Any) -> dict[str, Future[None]]:
        self.asked = list(new_topics)
        answers: dict[str, Future[None]] = {}
        for topic in new_topics:
            answer: Future[None] = Future()
            if topic.topic in self.errors:
                answer.set_exception(KafkaException(KafkaError(self.errors[topic.topic])))
            else:
                answer.set_result(None)
            answers[topic.topic] = answer
        return answers


def create(admin: Admin, topics: list[Topic], replication: int = 1) -> list[str]:
    return kafka.create_topics(cast(AdminClient, admin), topics, replication)


def test_topics_are_created_as_the_catalogue_says() -> None:
    admin = Admin()
    catalogue = Catalogue()

    created = create(admin, catalogue.all(), replication=3)

    assert created == [topic.name for topic in catalogue.all()]
    asked = {topic.topic: topic for topic in admin.asked}
    assert {topic.replication_factor for topic in admin.asked} == {3}
    assert {name: topic.num_partitions for name, topic in asked.items()} == {
        topic.name: topic.partitions for topic in catalogue.all()
    }
    assert asked["weather.windows"].config == {
        "cleanup.policy": "compact",
        "message.timestamp.type": "LogAppendTime",
    }
    assert asked["weather.enriched"].config == {
        "cleanup.policy": "delete",
        "retention.ms": "604800000",
        "message.timestamp.type": "LogAppendTime",
    }


def test_a_topic_that_exists_stays_as_it_is() -> None:
    admin = Admin(a=KafkaError.TOPIC_ALREADY_EXISTS)

    assert create(admin, [Topic("a", ""), Topic("b", "")]) == ["b"]


def test_another_refusal_is_raised() -> None:
    admin = Admin(b=KafkaError.TOPIC_AUTHORIZATION_FAILED)

    with pytest.raises(KafkaException) as refused:
        create(admin, [Topic("a", ""), Topic("b", "")])
    assert refused.value.args[0].code() == KafkaError.TOPIC_AUTHORIZATION_FAILED
