"""The poller's way out: observations and the memory of having published them, kept both or neither.

kafka-python, because a poller sends few records; one transaction per step, because two writes one after the other
would leave a gap (`producer.state` says which). Its transactional id also fences an older poller of the same
source: when a new one opens its ledger, whatever the old one still tries to commit is refused by the broker.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from kafka.errors import InvalidProducerEpochError, KafkaError, ProducerFencedError

from contracts import wire
from contracts.kafka import pure_producer
from contracts.settings import KafkaSettings
from contracts.topics import Catalogue
from contracts.types import WeatherObservation
from producer import metrics
from producer.errors import DeliveryError, FencedError
from producer.publishers import TRACEPARENT, ScreenPublisher, traceparent

TRANSACTION_TIMEOUT_MS = 30_000  # a poller that dies mid-way holds read_committed readers back no longer than this


class Ledger(Protocol):
    """Takes observations and poller state together: both are kept, or neither."""

    def commit(self, records: Sequence[WeatherObservation], entries: Mapping[str, bytes | None]) -> None:
        """Publishes records and state entries (None removes one); returns when they are durable."""
        ...

    def close(self) -> None:
        """Releases the connection; nothing is pending between commits."""
        ...


class ScreenLedger:
    """`--dry-run`: prints records; the memory lasts as long as the process."""

    def __init__(self) -> None:
        self._screen = ScreenPublisher()

    def commit(self, records: Sequence[WeatherObservation], entries: Mapping[str, bytes | None]) -> None:
        """Prints the records."""
        for record in records:
            self._screen.publish(record)
        self._screen.flush()

    def close(self) -> None:
        """Nothing to release."""


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
            DeliveryError: Kafka did not take it, or did not say so in time.
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
        except (ProducerFencedError, InvalidProducerEpochError):
            raise FencedError(
                f"another poller of '{self._source}' has taken over while this one was away;"
                " this one ends without publishing, the other goes on"
            ) from None
        except KafkaError as error:
            raise DeliveryError(
                f"Kafka did not take {len(records)} record(s) of '{self._source}' ({type(error).__name__}: {error});"
                " the next start reads what was kept and goes on from there"
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
