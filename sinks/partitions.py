"""What is known of one assigned partition, and the two times made from it.

**Lag** = now - broker append time of the oldest record not yet applied, 0 when caught up. It is exact when that record
is in hand. Whether there is none cannot be told by comparing offsets: behind a transactional producer the end of the
log is a marker that is never delivered. librdkafka's end-of-partition event can: it comes when the *fetch* position,
which passes markers and aborted records, reaches the last stable offset.
**Freshness** = now - event time of the newest applied record.

Both are computed when Prometheus asks and not when a batch ends, so that they rise while the sink is stuck.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

SILENCE_MS = 5_000
"""A loop that has not turned for so long cannot know of new records: from then on lag counts from its last turn. Far
above a batch (some 100 ms), so that a healthy sink never shows it."""


class Partition(NamedTuple):
    """One partition of one topic."""

    topic: str
    partition: int

    def __str__(self) -> str:
        return f"{self.topic}[{self.partition}]"


@dataclass(slots=True, eq=False)
class PartitionState:
    """One claim of one partition; a later claim of the same partition is another object."""

    since_ms: int
    """Lag counts from here while neither a record nor the end is in sight: from the last applied record's append (the
    next one was not appended earlier), and before there is any, from the assignment."""
    claim_after_ms: int = 0
    expected: int | None = None
    """The next offset to take; None until the target has granted the claim."""
    at_end: bool = False
    in_hand_ms: int | None = None
    """Append time of the oldest record read and not yet applied."""
    newest_event_at: datetime | None = None

    def took(self, append_ms: int) -> None:
        """A record was read."""
        self.at_end = False
        if self.in_hand_ms is None:
            self.in_hand_ms = append_ms

    def applied(self, last_append_ms: int, newest_event_at: datetime | None, still_in_hand_ms: int | None) -> None:
        """A slice was written; `still_in_hand_ms` is the append time of the oldest record read after it, if any."""
        self.since_ms = last_append_ms
        self.in_hand_ms = still_in_hand_ms
        if newest_event_at and (self.newest_event_at is None or newest_event_at > self.newest_event_at):
            self.newest_event_at = newest_event_at

    def lag_seconds(self, now_ms: int, last_turn_ms: int) -> float:
        """See the module's text; `last_turn_ms` is when the runner's loop last asked Kafka for records."""
        if self.in_hand_ms is not None:
            waiting_since_ms = self.in_hand_ms
        elif not self.at_end:
            waiting_since_ms = self.since_ms
        elif now_ms - last_turn_ms > SILENCE_MS:
            waiting_since_ms = last_turn_ms
        else:
            return 0.0
        return max(0, now_ms - waiting_since_ms) / 1000

    def freshness_seconds(self, now_ms: int) -> float | None:
        """None until a record was applied, by this sink or one before it."""
        if self.newest_event_at is None:
            return None
        return now_ms / 1000 - self.newest_event_at.timestamp()
