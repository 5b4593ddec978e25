"""The one runner: reads a batch, has the target write rows and offsets in one step, and keeps its place in the group.
(`sinks/assignment.py` owns the partitions.)

- **Order**: while the target is unavailable the batch in hand is kept and tried again; its partitions are paused, and
  the others go on until each has delivered one call's worth, so that lag knows the oldest record of every partition.
- **Poison**: a batch that the target refuses is halved until the record at fault stands alone; that one goes to the
  dead letters, everything else is written, in order.
"""

import logging
import threading
import time
from collections import deque

from confluent_kafka import Consumer

from sinks.assignment import Assignment
from sinks.batch import Batch
from sinks.dead_letters import DeadLetters
from sinks.intake import Intake
from sinks.metrics import Metrics, clock_ms
from sinks.settings import SinkSettings
from sinks.target import FencedError, RecordRefusedError, Target, TargetUnavailableError

log = logging.getLogger(__name__)

FIRST_BACKOFF_S, LONGEST_BACKOFF_S = 0.2, 5.0
"""Doubling waits between attempts: a restart of the database costs little, and a longer outage is not pressed."""

POLL_S = 0.1
"""How long a poll may last while the target is unavailable: the callbacks of a rebalance run in it."""

POLL_MESSAGES = 100
"""How many messages such a poll may bring: enough to see each partition's oldest, too few to fill the memory."""


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
        self.assignment = Assignment(consumer, target, metrics, settings.session_timeout_ms)
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
        self.assignment.subscribe(topics)
        log.info("reading %s into %s", ", ".join(topics), self._target.name)
        try:
            while not self._stop.is_set():
                self.assignment.claim()
                self._apply(self._read(self._settings.batch_rows, self._settings.batch_ms / 1000))
            self.assignment.last_hint()
        finally:
            self._consumer.close()  # leaves the group, so that others take over at once
            self._target.close()

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

    # ---- reading ----

    def _read(self, most: int, wait_s: float) -> Batch:
        messages = self._consumer.consume(most, wait_s)
        self.last_turn_ms = clock_ms()
        delivery = self._intake.sort(messages, self.assignment.states)
        for topic, count in delivery.bytes_read.items():
            self._metrics.bytes.labels(topic).inc(count)
        self.assignment.hint({p: end for p, end in delivery.ends.items() if p not in delivery.batch.slices})
        return delivery.batch

    # ---- writing ----

    def _apply(self, batch: Batch) -> None:
        """Writes everything in the batch, whatever it takes, or drops what is no longer ours."""
        queue = deque([batch] if batch else [])
        backoff_s = FIRST_BACKOFF_S
        while queue:
            part = queue.popleft().keep(self.assignment.ours)
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
                self.assignment.drop(error)
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
        self.assignment.resume()

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
        self.assignment.hint({part.partition: part.next_offset for part in batch})

    def _wait(self, seconds: float, queue: deque[Batch]) -> None:
        """Stays in the group for a while; what the open partitions deliver meanwhile queues up behind."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and not self._stop.is_set():
            self.assignment.hold(partition for batch in queue for partition in batch.slices)
            more = self._read(POLL_MESSAGES, POLL_S)
            if more:
                queue.append(more)
