"""One poller per source: two would spend the quota twice.

A poller joins a consumer group of its source over the state topic, which has one partition: whoever is assigned it
polls, every other member waits, and the broker hands it on when the holder leaves or dies. Assignment is sticky, so
a newcomer never takes it from a living holder. A holder that was frozen longer than its session and wakes up not
knowing is stopped by the second guard: the successor's transactional id has fenced it, and its next commit fails
(`ledger.TransactionalLedger`). No clock and no lock record of ours: the broker's group membership is the lease.
"""

import threading

from kafka import KafkaConsumer
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor
from kafka.errors import KafkaError

from contracts.kafka import pure_consumer
from contracts.settings import KafkaSettings
from contracts.topics import Catalogue, Topic
from producer.errors import DeliveryError, FencedError, ProducerError
from producer.progress import Progress
from producer.stopping import Stop

SESSION_TIMEOUT_MS = 15_000  # how long a killed poller's successor waits
HEARTBEAT_MS = 3_000
NOTICE_S = SESSION_TIMEOUT_MS / 1000 + 5.0  # longer than a killed predecessor can still seem alive
CONNECT_TIMEOUT_MS = 15_000
POLL_MS = 200
CLOSE_TIMEOUT_S = 10.0


class HeldError(ProducerError):
    """Another poller of the source runs, and this one is not to wait."""


class Lease:
    """Membership in the group of a source."""

    def __init__(self, settings: KafkaSettings, catalogue: Catalogue, source: str) -> None:
        topic = catalogue.poller_state
        self._source, self._group = source, f"{topic.name}.poller.{source}"
        try:
            self._consumer: KafkaConsumer = pure_consumer(
                settings,
                f"isobar-poller-{source}",
                self._group,
                partition_assignment_strategy=[CooperativeStickyAssignor],
                session_timeout_ms=SESSION_TIMEOUT_MS,
                heartbeat_interval_ms=HEARTBEAT_MS,
                bootstrap_timeout_ms=CONNECT_TIMEOUT_MS,
            )
        except KafkaError as error:
            raise DeliveryError(
                f"expected a Kafka broker at {settings.bootstrap_servers}, found none ready within"
                f" {CONNECT_TIMEOUT_MS // 1000} s ({error});"
                " start one (python -m local up) or set ISOBAR_KAFKA_BOOTSTRAP_SERVERS"
            ) from None
        try:
            for wanted in (topic, catalogue.observations):
                self._require(wanted, settings.bootstrap_servers)
        except DeliveryError:
            self._consumer.close()
            raise
        self._consumer.subscribe([topic.name])
        self._held, self._lost, self._closing = threading.Event(), threading.Event(), threading.Event()
        self._error: KafkaError | None = None
        self._keeper = threading.Thread(target=self._keep, name=f"lease-{source}", daemon=True)
        self._keeper.start()

    def _keep(self) -> None:
        """Stays a member, in a thread that owns the consumer.

        kafka-python rejoins a group only inside `poll`, and a provider's slow answer must not cost the lease.
        """
        try:
            while not self._closing.is_set():
                self._consumer.poll(POLL_MS)
                held = self._consumer.assignment()
                if held:
                    self._consumer.pause(*held)  # a member for the lease's sake: nothing is read here
                    self._held.set()
                elif self._held.is_set():
                    return
        except KafkaError as error:
            self._error = error
        finally:
            self._lost.set()
            self._consumer.close()

    def _require(self, topic: Topic, servers: str) -> None:
        found = len(self._consumer.partitions_for_topic(topic.name) or ())
        if not found or (topic.partitions == 1 and found != 1):
            raise DeliveryError(
                f"expected topic '{topic.name}' with {topic.partitions} partition(s) at {servers},"
                f" found {f'{found} partitions' if found else 'no such topic'}; create it (python -m local topics)"
            )

    def acquire(self, stop: Stop, progress: Progress, *, wait: bool) -> bool:
        """Waits until this poller is the one; False if asked to stop before.

        Raises:
            HeldError: another one is, and `wait` is False.
        """
        waited_s, said = 0.0, False
        while not self._held.wait(POLL_MS / 1000):
            self.check()
            if stop:
                return False
            waited_s += POLL_MS / 1000
            if waited_s < NOTICE_S or said:
                continue
            sentence = f"another poller of '{self._source}' runs (consumer group '{self._group}')"
            if not wait:
                raise HeldError(
                    f"{sentence}: expected none; --once does not wait, so stop that one or let it do the work"
                )
            progress.say(f"{sentence}: waiting until it ends")
            said = True
        if said:
            progress.say(f"the other poller of '{self._source}' has ended: going on")
        return True

    def check(self) -> None:
        """Whether the lease can still be ours.

        Raises:
            FencedError: it has gone, or the broker no longer lets us stay a member.
        """
        if self._lost.is_set():
            cause = f" ({type(self._error).__name__}: {self._error})" if self._error else ""
            raise FencedError(
                f"this poller of '{self._source}' was out of touch with the broker for {SESSION_TIMEOUT_MS // 1000} s"
                f" or more and lost its lease{cause}; it ends without publishing, so that another can go on"
            )

    def close(self) -> None:
        """Leaves the group, so that the next poller need not wait for the session to time out."""
        self._closing.set()
        self._keeper.join(CLOSE_TIMEOUT_S)
