"""The console: one line per record. It shows how little a target needs, and what it gives up by remembering nothing:
it starts from Kafka's committed offsets, so after a crash lines may come twice."""

import sys
from collections.abc import Mapping, Sequence

from contracts.wire import encode
from sinks.batch import Batch
from sinks.partitions import Partition
from sinks.target import FROM_COMMITTED, Claim


class ConsoleTarget:
    """Writes `topic[partition] {json}` to standard output."""

    name = "console"

    def open(self) -> None:
        """Standard output is open."""

    def claim(self, partitions: Sequence[Partition]) -> Mapping[Partition, Claim]:
        """No memory, no fencing: wherever the group was."""
        return {partition: Claim(FROM_COMMITTED, epoch=0) for partition in partitions}

    def write(self, batch: Batch) -> int:
        """Lines, flushed, so that a pipe sees them before the offset moves."""
        for part in batch:
            for record in part.records:
                sys.stdout.write(f"{part.partition} {encode(record).decode()}\n")
        sys.stdout.flush()
        return len(batch)

    def close(self) -> None:
        """Standard output stays open for whoever comes after."""
