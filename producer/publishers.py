"""Ways out for records that need no state beside them: into Kafka, or onto the screen.

Replay sends many: librdkafka, asynchronous, failures collected from delivery reports. (Pollers send few, each batch
with the state that says it was sent: `producer.ledger`.) Every observation carries a W3C traceparent.
"""

import logging
import random
import sys
import time
from collections import Counter
from typing import BinaryIO, Protocol

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from contracts import wire
from contracts.kafka import DELIVERY_TIMEOUT_MS, confluent_admin, confluent_producer, create_topics
from contracts.settings import KafkaSettings
from contracts.topics import Catalogue, Topic
from contracts.types import WeatherObservation
from producer import metrics
from producer.errors import DeliveryError

log = logging.getLogger(__name__)

TRACEPARENT = "traceparent"
CONNECT_TIMEOUT_S = 15.0  # a broker on the same machine answers in milliseconds; a remote one within a few seconds
FLUSH_TIMEOUT_S = DELIVERY_TIMEOUT_MS / 1000  # by then every record is acknowledged or reported as failed
FULL_QUEUE_WAIT_S = 0.1
SERVE_EVERY = 200  # records; at full speed a few milliseconds
SERVE_EVERY_S = 0.5  # at a slow pace

_random = random.Random()  # trace ids need to be distinct, not secret


def traceparent() -> bytes:
    """A new W3C trace context: version 00, random ids (never all zero), sampled."""
    return b"00-%032x-%016x-01" % (_random.getrandbits(128) or 1, _random.getrandbits(64) or 1)


class Publisher(Protocol):
    """Takes observations one by one; what it was given is delivered when `flush` returns."""

    def publish(self, record: WeatherObservation) -> None:
        """Hands one record over; it may still be on its way."""
        ...

    def flush(self) -> None:
        """Waits until everything is delivered; raises DeliveryError if something is not."""
        ...


class ScreenPublisher:
    """`--dry-run`: JSON lines on standard output, no broker."""

    def __init__(self, out: BinaryIO | None = None) -> None:
        self._out = out or sys.stdout.buffer

    def publish(self, record: WeatherObservation) -> None:
        """Prints one record."""
        self._out.write(wire.encode(record) + b"\n")
        metrics.RECORDS.labels(record.source).inc()

    def flush(self) -> None:
        """Empties the buffer."""
        self._out.flush()


def create_missing(settings: KafkaSettings, catalogue: Catalogue) -> None:
    """Creates the topics of the catalogue that do not exist.

    Raises:
        DeliveryError: no broker answers, or it refuses.
    """
    admin = confluent_admin(settings)
    try:
        admin.list_topics(timeout=CONNECT_TIMEOUT_S)
        create_topics(admin, catalogue.all())
    except KafkaException as error:
        raise _no_broker(settings, error) from None


def check_topic(client: Producer, topic: str, settings: KafkaSettings) -> None:
    """Asks the broker for the topic before the first record, so that a wrong address or name is a sentence at once.

    Raises:
        DeliveryError: no broker answers, or it has no such topic.
    """
    try:
        found = client.list_topics(topic, timeout=CONNECT_TIMEOUT_S).topics[topic].error
    except KafkaException as error:
        raise _no_broker(settings, error) from None
    if found is not None:
        raise DeliveryError(
            f"expected topic '{topic}' at {settings.bootstrap_servers}, found none ({found.str()}); create it"
            " (python -m local topics) or set ISOBAR_TOPICS_PREFIX and ISOBAR_TOPICS_OBSERVATIONS to one that exists"
        )


def _no_broker(settings: KafkaSettings, error: KafkaException) -> DeliveryError:
    return DeliveryError(
        f"expected a Kafka broker at {settings.bootstrap_servers}, found none ready within {CONNECT_TIMEOUT_S:.0f} s"
        f" ({error.args[0].str()}); start one (python -m local up) or set ISOBAR_KAFKA_BOOTSTRAP_SERVERS"
    )


class BulkPublisher:
    """librdkafka: as fast as the broker takes records, each acknowledged by all replicas, none reordered."""

    def __init__(self, settings: KafkaSettings, topic: Topic, client_id: str) -> None:
        self._producer = confluent_producer(
            settings, client_id, delivery_report_only_error=True, logger=logging.getLogger("librdkafka")
        )
        self._topic, self._servers = topic, settings.bootstrap_servers
        self._failed = 0
        self._first_failure: KafkaError | None = None
        self._uncounted: Counter[str] = Counter()
        self._uncounted_bytes: Counter[str] = Counter()
        self._served_at = 0.0
        check_topic(self._producer, topic.name, settings)

    @property
    def failed(self) -> int:
        """Records that Kafka has refused or not acknowledged in time."""
        return self._failed

    def publish(self, record: WeatherObservation) -> None:
        """Queues one record; waits while the queue is full.

        Raises:
            DeliveryError: an earlier record has failed; going on would leave a hole unnoticed.
        """
        value = wire.encode(record)
        while True:
            try:
                self._producer.produce(
                    self._topic.name,
                    value,
                    wire.key(record, self._topic.key),
                    headers=[(TRACEPARENT, traceparent())],
                    on_delivery=self._on_failure,
                )
                break
            except BufferError:
                self._producer.poll(FULL_QUEUE_WAIT_S)
                self._raise_failure()
        self._uncounted[record.source] += 1
        self._uncounted_bytes[record.source] += len(value)
        if self._uncounted[record.source] >= SERVE_EVERY or time.monotonic() - self._served_at > SERVE_EVERY_S:
            self._serve()

    def _serve(self) -> None:
        """Takes delivery reports and brings the metrics up to date: too dear to do for each record."""
        self._served_at = time.monotonic()
        self._producer.poll(0)
        self._raise_failure()
        for source, count in self._uncounted.items():
            metrics.RECORDS.labels(source).inc(count)
            metrics.BYTES.labels(source).inc(self._uncounted_bytes[source])
        self._uncounted.clear()
        self._uncounted_bytes.clear()

    def flush(self) -> None:
        """Waits for every acknowledgement.

        Raises:
            DeliveryError: a record failed or was not acknowledged in time.
        """
        self._serve()
        pending = self._producer.flush(FLUSH_TIMEOUT_S)
        self._failed += pending
        self._raise_failure()
        if pending:
            raise DeliveryError(
                f"expected an acknowledgement of every record by {self._servers} within {FLUSH_TIMEOUT_S:.0f} s,"
                f" {pending} are without one; look at the broker's log"
            )

    def _on_failure(self, error: KafkaError | None, message: Message) -> None:
        if error is not None:
            self._failed += 1
            self._first_failure = self._first_failure or error
            metrics.ERRORS.labels("replay", "delivery").inc()

    def _raise_failure(self) -> None:
        if self._first_failure is not None:
            raise DeliveryError(
                f"Kafka at {self._servers} did not take {self._failed} record(s) of topic '{self._topic.name}':"
                f" {self._first_failure.str()}; look at the broker's log"
            )
