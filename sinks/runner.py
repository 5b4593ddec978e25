"""The one runner: reads a batch, has the target write rows and offsets in one step, and keeps its place in the group.

- **Position**: on assignment a partition waits, paused, until the target has granted the claim and said where to start.
  Claims are made in the loop and not in the rebalance callback, because a target that is down must not keep the client
  from answering the group.
- **Order**: while the target is unavailable the batch in hand is kept and tried again; its partitions are paused, and
  the others go on until each has delivered one call's worth, so that lag knows the oldest record of every partition.
- **Fencing**: partitions that another sink has claimed are dropped without a write. If the group still says they are
  ours after a session timeout (a true zombie has been told by then), they are claimed anew: safe, because the target
  answers with its offset, and needed, because a claim may have been overtaken by a zombie's.
- **Poison**: a batch that the target refuses is halved until the record at fault stands alone; that one goes to the
  dead letters, everything else is written, in order.
"""

import logging
import threading
import time
from collections import deque

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from sinks.batch import Batch, Slice
from sinks.dead_letters import DeadLetters
from sinks.intake import Intake
from sinks.metrics import Metrics, clock_ms
from sinks.partitions import Partition, PartitionState
from sinks.settings import SinkSettings
from sinks.target import (
    FROM_COMMITTED,
    FROM_EARLIEST,
    Claim,
    FencedError,
    RecordRefusedError,
    Target,
    TargetUnavailableError,
)

log = logging.getLogger(__name__)

FIRST_BACKOFF_S, LONGEST_BACKOFF_S = 0.2, 5.0
"""Doubling waits between attempts: a restart of the database costs little, and a longer outage is not pressed."""

POLL_S = 0.1
"""How long a poll may last while the target is unavailable: the callbacks of a rebalance run in it."""

POLL_MESSAGES = 100
"""How many messages such a poll may bring: enough to see each partition's oldest, too few to fill the memory."""

WATERMARK_S = 5.0
"""How long to ask a broker where a partition begins and ends."""


class Runner:
    """Made for one run. `stop()` may be called from a signal handler."""

    def __init__(
        self,
        settings: SinkSettings,
        consumer: Consumer,
        target: Target,
        intake: Intake,
        dead_letters: DeadLetters,
        metrics: Metrics,
    ) -> None:
        self._settings, self._consumer, self._target = settings, consumer, target
        self._intake, self._dead_letters, self._metrics = intake, dead_letters, metrics
        self._stop = threading.Event()
        self._hints: dict[Partition, int] = {}
        self._paused: set[Partition] = set()
        self.states: dict[Partition, PartitionState] = {}
        self.last_turn_ms = clock_ms()

    def stop(self) -> None:
        """Finish the batch in hand, leave the group, return from `run`."""
        self._stop.set()

    def run(self, topics: list[str]) -> None:
        """Until `stop()`.

        Raises:
            TargetUnavailableError: it could not be opened within the start-up timeout.
            Exception: what neither waiting nor a dead letter mends; nothing of the batch in hand was written then.
        """
        self._open()
        if self._stop.is_set():
            return
        self._consumer.subscribe(topics, on_assign=self._on_assign, on_revoke=self._on_revoke, on_lost=self._on_lost)
        log.info("reading %s into %s", ", ".join(topics), self._target.name)
        try:
            while not self._stop.is_set():
                self._claim()
                self._apply(self._read(self._settings.batch_rows, self._settings.batch_ms / 1000))
            self._last_hint()
        finally:
            self._consumer.close()  # leaves the group, so that others take over at once
            self._target.close()

    # ---- reading ----

    def _read(self, most: int, wait_s: float) -> Batch:
        messages = self._consumer.consume(most, wait_s)
        self.last_turn_ms = clock_ms()
        delivery = self._intake.sort(messages, self.states)
        for topic, count in delivery.bytes_read.items():
            self._metrics.bytes.labels(topic).inc(count)
        self._hint({p: end for p, end in delivery.ends.items() if p not in delivery.batch.slices})
        return delivery.batch

    def _hint(self, offsets: dict[Partition, int]) -> None:
        """Tells Kafka how far we are, for its lag tools only: a lost commit costs nothing."""
        self._hints.update(offsets)
        if offsets:
            self._consumer.commit(offsets=_at(offsets), asynchronous=True)

    def _last_hint(self) -> None:
        """Waits for Kafka to take the offsets, because hints under way die with the client."""
        if self._hints:
            try:
                self._consumer.commit(offsets=_at(self._hints), asynchronous=False)
            except KafkaException as error:
                log.warning("Kafka did not take the last offsets hint (the target has the offsets): %s", error)

    # ---- writing ----

    def _apply(self, batch: Batch) -> None:
        """Writes everything in the batch, whatever it takes, or drops what is no longer ours."""
        queue = deque([batch] if batch else [])
        backoff_s = FIRST_BACKOFF_S
        while queue:
            part = queue.popleft().keep(self._ours)
            if not part:
                continue
            try:
                self._write(part)
            except RecordRefusedError as error:
                if len(part) > 1:
                    queue.extendleft(reversed(part.halves()))
                else:
                    part.refuse_only_record(str(error), "refused-by-target")
                    queue.appendleft(part)
            except FencedError as error:
                self._drop(error)
                queue.appendleft(part)
            except TargetUnavailableError as error:
                queue.appendleft(part)
                if self._stop.is_set():
                    log.warning("stopping with %d records unwritten: the next start reads them again", len(part))
                    return
                self._metrics.retries.inc()
                log.warning("cannot write now, trying the same batch again in %.1f s: %s", backoff_s, error)
                self._wait(backoff_s, queue)
                backoff_s = min(2 * backoff_s, LONGEST_BACKOFF_S)
            else:
                backoff_s = FIRST_BACKOFF_S
                self._applied(part, queue)
        self._resume()

    def _ours(self, part: Slice) -> bool:
        """Whether the slice was read under the claim that still holds."""
        return self.states.get(part.partition) is part.state

    def _write(self, batch: Batch) -> None:
        refused = [refusal for part in batch for refusal in part.refused]
        if refused:
            self._dead_letters.send(refused)
            for refusal in refused:
                self._metrics.dead_letters.labels(refusal.message.topic(), refusal.kind).inc()
                log.warning(
                    "%s[%s] offset %s went to the dead letters: %s",
                    refusal.message.topic(),
                    refusal.message.partition(),
                    refusal.message.offset(),
                    refusal.reason,
                )
            for part in batch:
                part.refused = []
        with self._metrics.batch_seconds.time():
            self._metrics.rows.inc(self._target.write(batch))
        self._metrics.batches.inc()

    def _applied(self, batch: Batch, queue: deque[Batch]) -> None:
        for part in batch:
            later = [rest.slices[part.partition] for rest in queue if part.partition in rest.slices]
            part.state.applied(
                part.newest_append_ms, part.newest_event_at, later[0].oldest_append_ms if later else None
            )
            self._metrics.records.labels(part.partition.topic).inc(len(part.records))
        self._hint({part.partition: part.next_offset for part in batch})

    def _wait(self, seconds: float, queue: deque[Batch]) -> None:
        """Stays in the group for a while; what the open partitions deliver meanwhile queues up behind."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and not self._stop.is_set():
            in_hand = {p for batch in queue for p in batch.slices if p in self.states} - self._paused
            self._consumer.pause([TopicPartition(*p) for p in in_hand])
            self._paused |= in_hand
            more = self._read(POLL_MESSAGES, POLL_S)
            if more:
                queue.append(more)

    def _resume(self) -> None:
        if self._paused:
            self._consumer.resume([TopicPartition(*p) for p in self._paused])
            self._paused.clear()

    # ---- partitions come and go ----

    def _open(self) -> None:
        deadline, backoff_s = time.monotonic() + self._settings.startup_timeout_s, FIRST_BACKOFF_S
        while not self._stop.is_set():
            try:
                self._target.open()
                return
            except TargetUnavailableError as error:
                if time.monotonic() > deadline:
                    raise
                log.warning("%s is not there yet, trying again in %.1f s: %s", self._target.name, backoff_s, error)
                time.sleep(backoff_s)
                backoff_s = min(2 * backoff_s, LONGEST_BACKOFF_S)

    def _claim(self) -> None:
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
                self.states[partition].claim_after_ms = now_ms + int(LONGEST_BACKOFF_S * 1000)
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

    def _drop(self, error: FencedError) -> None:
        self._metrics.fenced.inc(len(error.partitions))
        log.warning("%s; dropping what was read of them", error)
        again_ms = clock_ms() + self._settings.session_timeout_ms
        for partition in error.partitions:
            self.states[partition] = PartitionState(clock_ms(), again_ms)
            self._paused.discard(partition)
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
            self._paused.discard(left)
        consumer.incremental_unassign(partitions)
        self._metrics.rebalances.labels(kind).inc(len(partitions))


def _at(offsets: dict[Partition, int]) -> list[TopicPartition]:
    return [TopicPartition(*partition, offset) for partition, offset in offsets.items()]


def on_commit(error: KafkaError | None, _: list[TopicPartition]) -> None:
    """A hint that did not arrive: the next one says more, so it is worth a line for whoever looks for it."""
    if error is not None:
        log.debug("Kafka did not take the offsets hint: %s", error.str())
