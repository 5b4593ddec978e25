"""The contract between the runner and what it writes to, so that a new target is one small file.

The target owns the truth of how far each partition has come: it keeps the next offset beside the rows and changes both
in one step, and it hands out an **epoch** with each claim of a partition. A sink that was taken for dead and woke up
again holds an old epoch, so the target refuses its write. Kafka's own committed offset is only a hint for lag tools.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sinks.batch import Batch
from sinks.partitions import Partition

FROM_EARLIEST = -2
"""`Claim.start` of a partition that the target has never written (librdkafka's OFFSET_BEGINNING)."""

FROM_COMMITTED = -1000
"""`Claim.start` for a target without a memory of its own: Kafka's committed offset (librdkafka's OFFSET_STORED)."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What the target answers to a claim: where to start, under which epoch, and how new its newest record is."""

    start: int
    epoch: int
    newest_event_at: datetime | None = None


class TargetUnavailableError(Exception):
    """The target cannot take anything now; the same batch may succeed later. Nothing of it was written."""


class TargetBrokenError(Exception):
    """The target needs a person (a table is gone, a permission is missing); the sink ends. Nothing was written."""


class RecordRefusedError(Exception):
    """The target will never take this batch as it is: at least one record in it is at fault. Nothing was written."""


class FencedError(Exception):
    """Another sink has claimed these partitions since; nothing of the batch was written."""

    def __init__(self, partitions: Sequence[Partition]) -> None:
        self.partitions = tuple(partitions)
        names = ", ".join(str(partition) for partition in self.partitions)
        super().__init__(f"another sink has claimed {names} since; this sink's epoch no longer counts")


class Target(Protocol):
    """Where records end up. One thread calls it; every method may raise TargetUnavailableError or TargetBrokenError."""

    name: str

    def open(self) -> None:
        """Connects and brings the target's own schema up to date; safe beside other sinks that do the same."""

    def claim(self, partitions: Sequence[Partition]) -> Mapping[Partition, Claim]:
        """Takes the partitions over from whoever had them: a new epoch each, and where to start."""

    def write(self, batch: Batch) -> int:
        """Writes rows and next offsets in one step, in order within each partition; how many rows changed.

        Raises:
            FencedError: another sink holds one of the partitions.
            RecordRefusedError: a record is at fault.
        """

    def close(self) -> None:
        """Lets go of connections; a second call does nothing."""
