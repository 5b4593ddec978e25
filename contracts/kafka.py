"""The one place that builds Kafka clients, so that security, acks, idempotence and the partitioner are decided once.

Three client libraries meet in this project (confluent-kafka where records are many, kafka-python where they are few,
the Java client inside Flink). They differ in their defaults: librdkafka partitions keys by CRC32, Java and kafka-python
by murmur2, so that without care one key would live in two partitions and lose its order. Clients are imported when
built: an image carries only the library it uses.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from contracts.settings import KafkaSettings, SettingsError
from contracts.topics import Topic

if TYPE_CHECKING:
    import confluent_kafka
    from confluent_kafka.admin import AdminClient
    from kafka import KafkaConsumer, KafkaProducer

PARTITIONER = "murmur2_random"
"""librdkafka's name of what the Java client does: murmur2 of the key, any partition for a null key."""

DELIVERY_TIMEOUT_MS = 120_000
"""How long a record may wait for its acknowledgement before the producer reports it as failed (the Java default)."""

ADMIN_TIMEOUT_S = 30.0


def _password(settings: KafkaSettings) -> str | None:
    return settings.sasl_password.get_secret_value() if settings.sasl_password else None


def _present(config: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in config.items() if value is not None}


def librdkafka_properties(settings: KafkaSettings) -> dict[str, Any]:
    """Connection properties as librdkafka spells them."""
    sasl = settings.security_protocol.startswith("SASL")
    return _present(
        {
            "bootstrap.servers": settings.bootstrap_servers,
            "security.protocol": settings.security_protocol,
            "sasl.mechanism": settings.sasl_mechanism if sasl else None,
            "sasl.username": settings.sasl_username if sasl else None,
            "sasl.password": _password(settings) if sasl else None,
            "ssl.ca.location": settings.ssl_ca_location,
            "ssl.certificate.location": settings.ssl_certificate_location,
            "ssl.key.location": settings.ssl_key_location,
        }
    )


def java_properties(settings: KafkaSettings) -> dict[str, str]:
    """Connection properties as the Java client spells them.

    It reads client certificate and key from one PEM file; the other clients look in such a file for what they need. The
    key could be given as text instead, but then it would stand in Flink's table options, which its errors print.

    Raises:
        SettingsError: certificate and key are two files.
    """
    properties: dict[str, Any] = {
        "bootstrap.servers": settings.bootstrap_servers,
        "security.protocol": settings.security_protocol,
    }
    if settings.security_protocol.startswith("SASL"):
        module = "plain.PlainLoginModule" if settings.sasl_mechanism == "PLAIN" else "scram.ScramLoginModule"
        properties["sasl.mechanism"] = settings.sasl_mechanism
        properties["sasl.jaas.config"] = (
            f"org.apache.kafka.common.security.{module} required"
            f' username="{_jaas(settings.sasl_username or "")}" password="{_jaas(_password(settings) or "")}";'
        )
    if not settings.security_protocol.endswith("SSL"):
        return properties
    if settings.ssl_ca_location:
        properties |= {"ssl.truststore.type": "PEM", "ssl.truststore.location": settings.ssl_ca_location}
    if settings.ssl_key_location != settings.ssl_certificate_location:
        raise SettingsError(
            f"{settings.variable('ssl_certificate_location')} is '{settings.ssl_certificate_location}' and"
            f" {settings.variable('ssl_key_location')} is '{settings.ssl_key_location}': the Java client needs one PEM"
            " file with the PKCS#8 key and the certificate chain; expected its path in both"
        )
    if settings.ssl_key_location:
        properties |= {"ssl.keystore.type": "PEM", "ssl.keystore.location": settings.ssl_key_location}
    return properties


def _jaas(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def flink_properties(settings: KafkaSettings) -> dict[str, str]:
    """Connection options of Flink's Kafka connector: the Java properties under `properties.`.

    The Kafka connector of SQL carries a shaded client, whose login modules live under another package.
    """
    shaded = "org.apache.flink.kafka.shaded.org.apache.kafka.common.security."
    return {
        f"properties.{name}": value.replace("org.apache.kafka.common.security.", shaded, 1)
        if name == "sasl.jaas.config"
        else value
        for name, value in java_properties(settings).items()
    }


def confluent_producer(settings: KafkaSettings, client_id: str, **overrides: Any) -> "confluent_kafka.Producer":
    """A librdkafka producer: acks=all, idempotent, murmur2. `overrides` are properties, with dots or underscores."""
    import confluent_kafka

    return confluent_kafka.Producer(
        {
            **librdkafka_properties(settings),
            "client.id": client_id,
            "acks": "all",
            "enable.idempotence": True,
            "partitioner": PARTITIONER,
            "compression.type": "lz4",  # the fastest measured, and smaller than none
            "linger.ms": 20,
            "message.timeout.ms": DELIVERY_TIMEOUT_MS,
            **_dotted(overrides),
        }
    )


def confluent_consumer(
    settings: KafkaSettings, group_id: str, client_id: str, **overrides: Any
) -> "confluent_kafka.Consumer":
    """A librdkafka consumer: read_committed, cooperative rebalancing, commits when told, from the earliest offset."""
    import confluent_kafka

    return confluent_kafka.Consumer(
        {
            **librdkafka_properties(settings),
            "group.id": group_id,
            "client.id": client_id,
            "isolation.level": "read_committed",
            "partition.assignment.strategy": "cooperative-sticky",
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            "auto.offset.reset": "earliest",
            **_dotted(overrides),
        }
    )


def confluent_admin(settings: KafkaSettings) -> "AdminClient":
    """A librdkafka admin client; keep a reference to it while its futures run."""
    from confluent_kafka.admin import AdminClient

    return AdminClient(librdkafka_properties(settings))


def _dotted(overrides: dict[str, Any]) -> dict[str, Any]:
    """Callbacks (`on_commit`, `error_cb`) are the client library's own and keep their underscores."""
    return {name if callable(value) else name.replace("_", "."): value for name, value in overrides.items()}


def _pure_properties(settings: KafkaSettings, client_id: str) -> dict[str, Any]:
    sasl = settings.security_protocol.startswith("SASL")
    return _present(
        {
            "bootstrap_servers": settings.bootstrap_servers.split(","),
            "client_id": client_id,
            "security_protocol": settings.security_protocol,
            "sasl_mechanism": settings.sasl_mechanism if sasl else None,
            "sasl_plain_username": settings.sasl_username if sasl else None,
            "sasl_plain_password": _password(settings) if sasl else None,
            "ssl_cafile": settings.ssl_ca_location,
            "ssl_certfile": settings.ssl_certificate_location,
            "ssl_keyfile": settings.ssl_key_location,
        }
    )


def pure_producer(settings: KafkaSettings, client_id: str, **overrides: Any) -> "KafkaProducer":
    """A kafka-python producer: acks=all, idempotent; its default partitioner is the Java one."""
    from kafka import KafkaProducer

    return KafkaProducer(
        **_pure_properties(settings, client_id),
        **{"acks": "all", "enable_idempotence": True, "delivery_timeout_ms": DELIVERY_TIMEOUT_MS, **overrides},
    )


def pure_consumer(
    settings: KafkaSettings, client_id: str, group_id: str | None = None, **overrides: Any
) -> "KafkaConsumer":
    """A kafka-python consumer: read_committed, commits only when told, from the earliest offset."""
    from kafka import KafkaConsumer

    return KafkaConsumer(
        **_pure_properties(settings, client_id),
        **{
            "group_id": group_id,
            "isolation_level": "read_committed",
            "enable_auto_commit": False,
            "auto_offset_reset": "earliest",
            **overrides,
        },
    )


def create_topics(admin: "AdminClient", topics: Iterable[Topic], replication: int = 1) -> list[str]:
    """Creates the topics that do not exist and returns their names.

    Raises:
        confluent_kafka.KafkaException: the broker refused one for another reason than that it exists.
    """
    from confluent_kafka import KafkaError, KafkaException
    from confluent_kafka.admin import NewTopic

    wanted = [
        NewTopic(
            t.name, num_partitions=t.partitions, replication_factor=replication, config={**t.config(), **APPEND_TIME}
        )
        for t in topics
    ]
    created = []
    for name, future in admin.create_topics(wanted, operation_timeout=ADMIN_TIMEOUT_S).items():
        try:
            future.result(ADMIN_TIMEOUT_S)
            created.append(name)
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise
    return created


APPEND_TIME = {"message.timestamp.type": "LogAppendTime"}
"""Every topic stamps records with the broker's clock: lag is counted from append time, free of producers' clocks."""
