"""Sorts what Kafka delivered into a batch: decoded records, refusals, and how far each partition has come.

Offsets have gaps (transaction markers, aborted and compacted records), so nothing here counts by offsets; a partition's
next offset is the last delivered one + 1, or what the end-of-partition event says, which is past all markers.
"""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from confluent_kafka import TIMESTAMP_LOG_APPEND_TIME, KafkaError, KafkaException, Message

from contracts import wire
from sinks.batch import Batch, Refusal, Slice, offset_of
from sinks.partitions import Partition, PartitionState
from sinks.routes import Route

log = logging.getLogger(__name__)

NOT_FOR_US = frozenset(
    {
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.GROUP_AUTHORIZATION_FAILED,
        KafkaError.CLUSTER_AUTHORIZATION_FAILED,
    }
)
"""Errors that waiting does not mend: the sink ends with them, so that whoever started it sees them."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One call's worth: the batch, and the end of each partition that was reached (a hint for Kafka's lag tools)."""

    batch: Batch
    ends: Mapping[Partition, int]
    bytes_read: Mapping[str, int]


class Intake:
    """Decodes by the topic's route; remembers only what it has warned of."""

    def __init__(self, routes: Mapping[str, Route]) -> None:
        self._routes = dict(routes)
        self._warned: set[object] = set()

    def sort(self, messages: Iterable[Message], states: Mapping[Partition, PartitionState]) -> Delivery:
        """Messages of partitions that are not claimed (any more) and of offsets already taken are passed over.

        Raises:
            KafkaException: an error of the client that waiting does not mend.
        """
        batch, ends, bytes_read = Batch(), dict[Partition, int](), dict[str, int]()
        slices = batch.slices
        for message in messages:
            error = message.error()
            if error is not None and error.code() != KafkaError._PARTITION_EOF:
                self._report(error)
                continue
            partition = Partition(message.topic() or "", message.partition() or 0)
            state = states.get(partition)
            if state is None or state.expected is None:
                continue
            offset = offset_of(message)
            if offset < state.expected:
                continue
            if error is not None:
                state.at_end = True
                state.expected = ends[partition] = offset
                if partition in slices:
                    slices[partition].next_offset = offset
                continue
            kind, appended_ms = message.timestamp()
            if kind != TIMESTAMP_LOG_APPEND_TIME:
                self._warn_of_timestamps(partition.topic)
            state.took(appended_ms)
            state.expected = offset + 1
            part = slices.get(partition)
            if part is None:
                event_at = self._routes[partition.topic].event_at
                part = slices[partition] = Slice(partition, state, offset + 1, appended_ms, appended_ms, event_at)
            else:
                part.next_offset, part.newest_append_ms = offset + 1, appended_ms
            value = message.value()
            if value is None:
                continue  # the tombstone of an upsert topic: rows are never deleted by it
            bytes_read[partition.topic] = bytes_read.get(partition.topic, 0) + len(value)
            try:
                record = wire.decode(self._routes[partition.topic].struct_type, value)
            except wire.WireError as refused:
                part.refused.append(Refusal(message, str(refused), "malformed"))
                continue
            part.messages.append(message)
            part.records.append(record)
        return Delivery(batch, ends, bytes_read)

    def _report(self, error: KafkaError) -> None:
        if error.fatal() or error.code() in NOT_FOR_US:
            raise KafkaException(error)
        if error.code() not in self._warned:
            self._warned.add(error.code())
            log.warning("Kafka: %s; going on (said once)", error.str())

    def _warn_of_timestamps(self, topic: str) -> None:
        if topic not in self._warned:
            self._warned.add(topic)
            log.warning(
                "topic %s stamps records with the producer's time, so isobar_lag_seconds is not what it says: "
                "set message.timestamp.type=LogAppendTime",
                topic,
            )
