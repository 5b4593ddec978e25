"""Stands in for Kafka and the target where a test is about the runner's own decisions."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from confluent_kafka import TIMESTAMP_LOG_APPEND_TIME, Consumer, KafkaError, Message, TopicPartition
from prometheus_client import CollectorRegistry

from contracts import wire
from contracts.schema import RECORDS
from contracts.topics import Catalogue
from contracts.types import WeatherObservation
from sinks.batch import Batch, Refusal
from sinks.dead_letters import DeadLetters
from sinks.intake import Intake
from sinks.metrics import Metrics
from sinks.partitions import Partition
from sinks.routes import routes
from sinks.runner import Runner
from sinks.settings import SinkSettings
from sinks.target import Claim

ROUTES = routes(Catalogue(), ["revisions"])
(TOPIC,) = ROUTES
P0, P1 = Partition(TOPIC, 0), Partition(TOPIC, 1)
START = datetime(2026, 11, 20, tzinfo=UTC)


def record(number: int, **values: Any) -> WeatherObservation:
    fields: dict[str, Any] = dict.fromkeys(RECORDS["weather_observation"].names)
    moment = START + timedelta(minutes=number)
    fields |= {"source": "s", "station_id": "S", "observed_at": moment, "ingested_at": moment, "revision": 0}
    return WeatherObservation(**fields | values)


def message(offset: int, partition: int = 0, value: bytes | None = b"record", stamp: int | None = None) -> Message:
    """A record appended at `offset` seconds, its number the offset; other bytes and None (a tombstone) as given."""
    value = wire.encode(record(offset)) if value == b"record" else value
    timestamp = (TIMESTAMP_LOG_APPEND_TIME if stamp is None else stamp, offset * 1000)
    return Message(topic=TOPIC, partition=partition, offset=offset, key=b"S", value=value, timestamp=timestamp)


def end(offset: int, partition: int = 0) -> Message:
    return Message(topic=TOPIC, partition=partition, offset=offset, error=KafkaError(KafkaError._PARTITION_EOF))


def numbers(batch: Batch) -> list[int]:
    """The minutes of a batch's records, in order."""
    return [
        int((cast(WeatherObservation, item).observed_at - START).total_seconds() // 60)
        for part in batch
        for item in part.records
    ]


class FakeClock:
    """Goes on only by waiting: each call of the consumer takes as long as it may."""

    def __init__(self) -> None:
        self.now_ms = 1_000_000

    def monotonic(self) -> float:
        return self.now_ms / 1000

    def sleep(self, seconds: float) -> None:
        self.now_ms += int(seconds * 1000)


class FakeConsumer:
    """Delivers scripted answers, one a call; a callable may do things first, as a rebalance callback does."""

    def __init__(self, clock: FakeClock, answers: Iterable[list[Message] | Callable[[], list[Message]]]) -> None:
        self.clock = clock
        self.answers = list(answers)
        self.paused: set[tuple[str, int]] = set()
        self.pauses: list[set[tuple[str, int]]] = []
        self.assigned: dict[tuple[str, int], int] = {}
        self.commits: list[dict[Partition, int]] = []
        self.watermarks = (0, 1_000)
        self.closed = False
        self.when_empty: Callable[[], None] = lambda: None

    def subscribe(self, topics: list[str], **callbacks: Any) -> None:
        self.callbacks = callbacks

    def consume(self, most: int, timeout: float) -> list[Message]:
        self.clock.sleep(timeout)
        self.pauses.append(set(self.paused))
        if not self.answers:
            self.when_empty()
            return []
        answer = self.answers.pop(0)
        return answer() if callable(answer) else answer

    def give(self, *partitions: Partition) -> None:
        self.callbacks["on_assign"](self, [TopicPartition(*partition) for partition in partitions])

    def take(self, *partitions: Partition, lost: bool = False) -> None:
        self.callbacks["on_lost" if lost else "on_revoke"](self, [TopicPartition(*p) for p in partitions])

    def incremental_assign(self, partitions: list[TopicPartition]) -> None:
        self.assigned |= {(p.topic, p.partition): p.offset for p in partitions}

    def incremental_unassign(self, partitions: list[TopicPartition]) -> None:
        for partition in partitions:
            del self.assigned[partition.topic, partition.partition]

    def pause(self, partitions: list[TopicPartition]) -> None:
        self.paused |= {(p.topic, p.partition) for p in partitions}

    def resume(self, partitions: list[TopicPartition]) -> None:
        self.paused -= {(p.topic, p.partition) for p in partitions}

    def commit(self, offsets: list[TopicPartition], asynchronous: bool) -> None:
        self.commits.append({Partition(p.topic, p.partition): p.offset for p in offsets})

    def get_watermark_offsets(self, partition: TopicPartition, timeout: float) -> tuple[int, int]:
        return self.watermarks

    def close(self) -> None:
        self.closed = True


MOST_ATTEMPTS = 100
"""No test needs more writes; a runner that never gives up would otherwise fill the memory and not fail."""


class FakeTarget:
    """Remembers writes; `trouble` may raise before one counts."""

    name = "fake"

    def __init__(self) -> None:
        self.written: list[list[int]] = []
        self.attempts = 0
        self.offsets: dict[Partition, int] = {}
        self.claims: list[list[Partition]] = []
        self.trouble: Callable[[Batch], None] = lambda batch: None
        self.trouble_claiming: Callable[[], None] = lambda: None
        self.closed = False

    def open(self) -> None: ...

    def claim(self, partitions: Sequence[Partition]) -> Mapping[Partition, Claim]:
        self.trouble_claiming()
        self.claims.append(list(partitions))
        return {partition: Claim(self.offsets.get(partition, 0), len(self.claims)) for partition in partitions}

    def write(self, batch: Batch) -> int:
        self.attempts += 1
        assert self.attempts <= MOST_ATTEMPTS, "the runner tries the same write for ever"
        self.trouble(batch)
        self.written.append(numbers(batch))
        self.offsets |= {part.partition: part.next_offset for part in batch}
        return len(batch)

    def close(self) -> None:
        self.closed = True


class FakeDeadLetters:
    """Keeps refusals by offset; `failures` of the first sends fail."""

    def __init__(self) -> None:
        self.sent: list[tuple[int | None, str]] = []
        self.trouble: Callable[[], None] = lambda: None

    def send(self, refusals: Iterable[Refusal]) -> None:
        self.trouble()
        self.sent += [(refusal.message.offset(), refusal.kind) for refusal in refusals]


class Rig:
    """A runner between fakes; it stops when the consumer has no more answers."""

    def __init__(self, clock: FakeClock, *answers: list[Message] | Callable[[], list[Message]]) -> None:
        self.consumer = FakeConsumer(clock, [self._assign, *answers])
        self.target, self.dead_letters = FakeTarget(), FakeDeadLetters()
        self.metrics = Metrics(CollectorRegistry())
        self.runner = Runner(
            SinkSettings(),
            cast(Consumer, self.consumer),
            self.target,
            Intake(ROUTES),
            cast(DeadLetters, self.dead_letters),
            self.metrics,
        )
        self.consumer.when_empty = self.runner.stop
        self.first_assignment: tuple[Partition, ...] = (P0, P1)

    def _assign(self) -> list[Message]:
        self.consumer.give(*self.first_assignment)
        return []

    def run(self) -> None:
        self.runner.run([TOPIC])
