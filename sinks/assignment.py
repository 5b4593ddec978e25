"""The partitions that the group has given to this sink: claims, positions, pauses, hints.

- **Position**: on assignment a partition waits, paused, until the target has granted the claim and said where to start.
  Claims are made in the runner's loop and not in the rebalance callback, because a target that is down must not keep
  the client from answering the group.
- **Fencing**: partitions that another sink has claimed are dropped without a write. If the group still says they are
  ours after a session timeout (a true zombie has been told by then), they are claimed anew: safe, because the target
  answers with its offset, and needed, because a claim may have been overtaken by a zombie's.
"""

import logging
from collections.abc import Iterable

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from sinks.batch import Slice
from sinks.metrics import Metrics, clock_ms
from sinks.partitions import Partition, PartitionState
from sinks.target import FROM_COMMITTED, FROM_EARLIEST, Claim, FencedError, Target, TargetUnavailableError

log = logging.getLogger(__name__)

WATERMARK_S = 5.0
"""How long to ask a broker where a partition begins and ends."""

CLAIM_AGAIN_MS = 1_000
"""Wait after a claim that the target could not grant; the other partitions go on meanwhile."""


class Assignment:
    """What this sink has, by partition. Its callbacks run inside the consumer's calls, in the runner's thread."""

    def __init__(self, consumer: Consumer, target: Target, metrics: Metrics, session_timeout_ms: int) -> None:
        self._consumer, self._target, self._metrics = consumer, target, metrics
        self._session_timeout_ms = session_timeout_ms
        self._hints: dict[Partition, int] = {}
        self._held: set[Partition] = set()
        self.states: dict[Partition, PartitionState] = {}

    def subscribe(self, topics: list[str]) -> None:
        """Joins the group."""
        self._consumer.subscribe(topics, on_assign=self._on_assign, on_revoke=self._on_revoke, on_lost=self._on_lost)

    def ours(self, part: Slice) -> bool:
        """Whether the slice was read under the claim that still holds."""
        return self.states.get(part.partition) is part.state

    def hold(self, partitions: Iterable[Partition]) -> None:
        """Closes partitions until `resume`: nothing more of them comes."""
        more = {partition for partition in partitions if partition in self.states} - self._held
        self._consumer.pause([TopicPartition(*partition) for partition in more])
        self._held |= more

    def resume(self) -> None:
        """Opens what `hold` has closed."""
        if self._held:
            self._consumer.resume([TopicPartition(*p) for p in self._held])
            self._held.clear()

    def hint(self, offsets: dict[Partition, int]) -> None:
        """Tells Kafka how far we are, for its lag tools only: a lost commit costs nothing."""
        self._hints.update(offsets)
        if offsets:
            self._consumer.commit(offsets=_at(offsets), asynchronous=True)

    def last_hint(self) -> None:
        """Waits for Kafka to take the offsets, because hints under way die with the client."""
        if self._hints:
            try:
                self._consumer.commit(offsets=_at(self._hints), asynchronous=False)
            except KafkaException as error:
                log.warning("Kafka did not take the last offsets hint (the target has the offsets): %s", error)

    def claim(self) -> None:
        """Claims what waits for it, all together; what cannot be claimed now waits on."""
        now_ms = clock_ms()
        waiting = [p for p, s in self.states.items() if s.expected is None and s.claim_after_ms <= now_ms]
        if not waiting:
            return
        try:
            claims = self._target.claim(waiting)
            starts = [TopicPartition(*p, self._start(p, claims[p])) for p in waiting]
        except (TargetUnavailableError, KafkaException) as error:
            log.warning("cannot claim partitions yet: %s", error)
            for partition in waiting:
                self.states[partition].claim_after_ms = now_ms + CLAIM_AGAIN_MS
            return
        # librdkafka refuses to seek a partition that it does not fetch yet; assigning it anew takes a start offset.
        self._consumer.incremental_unassign([TopicPartition(*p) for p in waiting])
        self._consumer.incremental_assign(starts)
        self._consumer.resume([TopicPartition(*p) for p in waiting])
        for partition, start in zip(waiting, starts, strict=True):
            state = self.states[partition]
            state.expected = max(0, start.offset)
            state.newest_event_at = claims[partition].newest_event_at
            where = {FROM_EARLIEST: "the earliest offset", FROM_COMMITTED: "the group's committed offset"}
            place = where.get(start.offset, f"offset {start.offset}")
            log.info("%s claimed with epoch %d, from %s", partition, claims[partition].epoch, place)

    def _start(self, partition: Partition, claim: Claim) -> int:
        """Where to start, said aloud if the log no longer has what the target expects."""
        if claim.start < 0:
            return claim.start
        first, end = self._consumer.get_watermark_offsets(TopicPartition(*partition), timeout=WATERMARK_S)
        if claim.start < first:
            self._metrics.expired.labels(partition.topic).inc(first - claim.start)
            log.error(
                "%s: retention removed offsets %d to %d before they were applied; going on from %d",
                partition,
                claim.start,
                first - 1,
                first,
            )
            return first
        if claim.start > end:
            log.error(
                "%s: the target expects offset %d but the topic ends at %d, so it was made anew; reading it from %d",
                partition,
                claim.start,
                end,
                first,
            )
            return first
        return claim.start

    def drop(self, error: FencedError) -> None:
        """Forgets what was read of partitions that another sink has claimed."""
        self._metrics.fenced.inc(len(error.partitions))
        log.warning("%s; dropping what was read of them", error)
        again_ms = clock_ms() + self._session_timeout_ms
        for partition in error.partitions:
            self.states[partition] = PartitionState(clock_ms(), again_ms)
            self._held.discard(partition)
        self._consumer.pause([TopicPartition(*p) for p in error.partitions])

    def _on_assign(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        consumer.incremental_assign(partitions)
        consumer.pause(partitions)
        for partition in partitions:
            self.states[Partition(partition.topic, partition.partition)] = PartitionState(clock_ms())
        self._metrics.rebalances.labels("assigned").inc(len(partitions))

    def _on_revoke(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        self._release(consumer, partitions, "revoked")

    def _on_lost(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        log.warning("the group gave away %d partitions while this sink was silent", len(partitions))
        self._release(consumer, partitions, "lost")

    def _release(self, consumer: Consumer, partitions: list[TopicPartition], kind: str) -> None:
        """What was read of them and not written is dropped: the next owner reads it again from the target's offset."""
        for partition in partitions:
            left = Partition(partition.topic, partition.partition)
            self.states.pop(left, None)
            self._hints.pop(left, None)
            self._held.discard(left)
        consumer.incremental_unassign(partitions)
        self._metrics.rebalances.labels(kind).inc(len(partitions))


def _at(offsets: dict[Partition, int]) -> list[TopicPartition]:
    return [TopicPartition(*partition, offset) for partition, offset in offsets.items()]


def on_commit(error: KafkaError | None, _: list[TopicPartition]) -> None:
    """A hint that did not arrive: the next one says more, so it is worth a line for whoever looks for it."""
    if error is not None:
        log.debug("Kafka did not take the offsets hint: %s", error.str())
