"""What the runner has in hand: one slice per partition, each a run of records in offset order.

A slice keeps Kafka's messages beside the decoded records, because a record that the target refuses must go to the dead
letters with its original bytes. Slices never mix partitions, so a partition that is lost leaves the batch whole, and a
batch can be halved until the one record at fault stands alone without touching the order within any partition.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

import msgspec
from confluent_kafka import Message

from sinks.partitions import Partition, PartitionState


@dataclass(frozen=True, slots=True)
class Refusal:
    """A message for the dead-letter topic: `reason` is a sentence, `kind` one word for the metric's label."""

    message: Message
    reason: str
    kind: str


@dataclass(slots=True)
class Slice:
    """A run of one partition. `next_offset` is where to go on after it: it also passes tombstones, refused records and
    transaction markers, which have offsets but no rows. `state` tells one claim of the partition from the next.
    `event_at` reads a record's event time."""

    partition: Partition
    state: PartitionState
    next_offset: int
    oldest_append_ms: int
    newest_append_ms: int
    event_at: Callable[[msgspec.Struct], datetime]
    messages: list[Message] = field(default_factory=list)
    records: list[msgspec.Struct] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)

    @property
    def newest_event_at(self) -> datetime | None:
        """Event time of the newest record, None without records."""
        return max(map(self.event_at, self.records), default=None)

    def halves(self) -> "tuple[Slice, Slice]":
        """Two slices that one after the other do what this one does; needs two records."""
        middle = len(self.records) // 2
        boundary = self.messages[middle]
        first = Slice(
            self.partition,
            self.state,
            offset_of(boundary),
            self.oldest_append_ms,
            append_ms(self.messages[middle - 1]),
            self.event_at,
            self.messages[:middle],
            self.records[:middle],
            self.refused,
        )
        second = Slice(
            self.partition,
            self.state,
            self.next_offset,
            append_ms(boundary),
            self.newest_append_ms,
            self.event_at,
            self.messages[middle:],
            self.records[middle:],
        )
        return first, second


class Batch:
    """Slices by partition."""

    __slots__ = ("slices",)

    def __init__(self, slices: dict[Partition, Slice] | None = None) -> None:
        self.slices: dict[Partition, Slice] = slices if slices is not None else {}

    def __bool__(self) -> bool:
        return bool(self.slices)

    def __len__(self) -> int:
        return sum(len(part.records) for part in self)

    def __iter__(self) -> Iterator[Slice]:
        return iter(self.slices.values())

    def by_topic(self) -> dict[str, list[msgspec.Struct]]:
        """Records by topic, in order within each partition; topics without records are absent."""
        records: dict[str, list[msgspec.Struct]] = {}
        for part in self:
            if part.records:
                records.setdefault(part.partition.topic, []).extend(part.records)
        return records

    def keep(self, wanted: Callable[[Slice], bool]) -> "Batch":
        """The batch without the slices that are not wanted."""
        return Batch({part.partition: part for part in self if wanted(part)})

    def halves(self) -> "tuple[Batch, Batch]":
        """Two batches to write one after the other: by partition first, then within the only one; needs two records."""
        parts = list(self)
        if len(parts) > 1:
            middle = len(parts) // 2
            return (
                Batch({part.partition: part for part in parts[:middle]}),
                Batch({part.partition: part for part in parts[middle:]}),
            )
        first, second = parts[0].halves()
        return Batch({first.partition: first}), Batch({second.partition: second})

    def refuse_only_record(self, reason: str, kind: str) -> None:
        """Moves the batch's one record to its slice's refused ones, so that the rest of the batch goes on past it."""
        (part,) = (part for part in self if part.records)
        part.refused.append(Refusal(part.messages[0], reason, kind))
        part.messages, part.records = [], []


def offset_of(message: Message) -> int:
    """A consumed message always has an offset; the client's types allow none for produced ones."""
    offset = message.offset()
    if offset is None:
        raise ValueError("a message without an offset is not a consumed one")
    return offset


def append_ms(message: Message) -> int:
    """When the broker appended the message, in ms since 1970 (its topics stamp LogAppendTime)."""
    return message.timestamp()[1]
