"""The ways out of the producer: two into Kafka, one onto the screen.

Replay sends many records that need no state beside them: librdkafka, asynchronous, failures collected from delivery
reports. Pollers send few, each batch together with the state that says it was sent: a kafka-python transaction, whose
transactional id also fences an older poller (`producer.state` says why). Every observation carries a W3C traceparent.
"""

import logging
import random
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import BinaryIO, Protocol

from confluent_kafka import KafkaError, KafkaException, Message, Producer
from kafka.errors import KafkaError as PureKafkaError
from kafka.errors import ProducerFencedError

from contracts import wire
from contracts.kafka import DELIVERY_TIMEOUT_MS, confluent_admin, confluent_producer, create_topics, pure_producer
from contracts.settings import KafkaSettings
from contracts.topics import Catalogue, Topic
from contracts.types import WeatherObservation
from producer import metrics
from producer.errors import DeliveryError, FencedError

log = logging.getLogger(__name__)

TRACEPARENT = "traceparent"
CONNECT_TIMEOUT_S = 15.0  # a broker on the same machine answers in milliseconds; a remote one within a few seconds
FLUSH_TIMEOUT_S = DELIVERY_TIMEOUT_MS / 1000  # by then every record is acknowledged or reported as failed
FULL_QUEUE_WAIT_S = 0.1
SERVE_EVERY = 200  # records; at full speed a few milliseconds
SERVE_EVERY_S = 0.5  # at a slow pace
TRANSACTION_TIMEOUT_MS = 30_000  # a poller that dies mid-way holds read_committed readers back no longer than this

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


class Ledger(Protocol):
    """Takes observations and poller state together: both are kept, or neither."""

    def commit(self, records: Sequence[WeatherObservation], entries: Mapping[str, bytes | None]) -> None:
        """Publishes records and state entries (None removes one); returns when they are durable."""
        ...

    def close(self) -> None:
        """Releases the connection; nothing is pending between commits."""
        ...


class ScreenPublisher:
    """`--dry-run`: JSON lines on standard output, no broker. Serves as publisher and as ledger."""

    def __init__(self, out: BinaryIO | None = None) -> None:
        self._out = out or sys.stdout.buffer

    def publish(self, record: WeatherObservation) -> None:
        """Prints one record."""
        self._out.write(wire.encode(record) + b"\n")
        metrics.RECORDS.labels(record.source).inc()

    def flush(self) -> None:
        """Empties the buffer."""
        self._out.flush()

    def commit(self, records: Sequence[WeatherObservation], entries: Mapping[str, bytes | None]) -> None:
        """Prints the records; state is kept in memory only."""
        for record in records:
            self.publish(record)
        self.flush()

    def close(self) -> None:
        """Nothing to release."""


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


class TransactionalLedger:
    """kafka-python: records and poller state in one transaction; opening it fences an older holder of the same id."""

    def __init__(self, settings: KafkaSettings, catalogue: Catalogue, source: str) -> None:
        self._source, self._catalogue = source, catalogue
        self._producer = pure_producer(
            settings,
            f"isobar-poller-{source}",
            transactional_id=transactional_id(catalogue, source),
            transaction_timeout_ms=TRANSACTION_TIMEOUT_MS,
        )
        self._producer.init_transactions()

    def commit(self, records: Sequence[WeatherObservation], entries: Mapping[str, bytes | None]) -> None:
        """One transaction.

        Raises:
            FencedError: another poller of this source has taken over.
            DeliveryError: Kafka did not take it; nothing of it is visible to readers of committed records.
        """
        topic, state = self._catalogue.observations, self._catalogue.poller_state
        values = [wire.encode(record) for record in records]
        try:
            self._producer.begin_transaction()
            futures = [
                self._producer.send(
                    topic.name, value, wire.key(record, topic.key), headers=[(TRACEPARENT, traceparent())]
                )
                for record, value in zip(records, values, strict=True)
            ]
            futures += [self._producer.send(state.name, value, key.encode()) for key, value in entries.items()]
            self._producer.flush()
            for future in futures:
                future.get(0)
            self._producer.commit_transaction()
        except ProducerFencedError:
            raise FencedError(
                f"another poller of '{self._source}' has taken over while this one was away;"
                " this one ends without publishing, the other goes on"
            ) from None
        except PureKafkaError as error:
            raise DeliveryError(
                f"Kafka did not take {len(records)} record(s) of '{self._source}' ({type(error).__name__}: {error});"
                " nothing of this step is visible, and the next start repeats it"
            ) from error
        for record, value in zip(records, values, strict=True):
            metrics.RECORDS.labels(record.source).inc()
            metrics.BYTES.labels(record.source).inc(len(value))

    def close(self) -> None:
        """Closes the connection; an open transaction is aborted by the next start or its timeout."""
        self._producer.close(timeout=5)


def transactional_id(catalogue: Catalogue, source: str) -> str:
    """One per source and family of topics: two holders of it fence each other."""
    return f"{catalogue.poller_state.name}.poller.{source}"
