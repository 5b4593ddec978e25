"""The job on a stack: one prefix, database and job id per test, and a way to know that everything has arrived."""

import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Message, TopicPartition

from contracts.kafka import confluent_admin, confluent_consumer, create_topics
from contracts.topics import Catalogue, Topic
from local.child import Child
from local.paths import REPOSITORY
from local.stack import Stack
from sinks.partitions import Partition
from tests.fixtures.brokers import read_all
from tests.integration.sink.harness import Harness, SinkProcess

SCRIPT = REPOSITORY / "jobs" / "process_weather.py"

ARRIVAL_S = 300.0
"""How long records may take through the job: seconds on a quiet machine, minutes on one that also builds and tests."""

POLL_S = 0.5
"""Each look costs clients and queries; what is waited for takes seconds."""

NO_COORDINATOR = (
    KafkaError.NOT_COORDINATOR,
    KafkaError.COORDINATOR_NOT_AVAILABLE,
    KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
)
"""What a broker answers that has just been started again; it passes."""

OUTPUTS = ("enriched", "windows", "anomalies", "revisions")


class JobHarness(Harness):
    """A Harness of the sink tests with the job before the sink."""

    def __init__(self, stack: Stack, name: str, tmp_path: Path, family: str = "") -> None:
        super().__init__(stack.broker, stack.postgres, name, tmp_path)
        self.stack, self.name = stack, name
        if family:
            self.prefix = family + self.prefix
            self.catalogue = Catalogue(self.prefix)
            create_topics(confluent_admin(self.kafka), self.catalogue.all())
        self.job_id = ""

    def close(self) -> None:
        super().close()
        if self.job_id and self.stack.flink.rest.job_state(self.job_id) not in ("FINISHED", "CANCELED", "FAILED"):
            self.stack.flink.cancel(self.job_id)

    # ---- the job ----

    def submit(self, *, restore: bool = False, **settings: object) -> str:
        """Starts the job as users do; by default without any earlier state, which would be another test's."""
        environment = {
            **self.stack.kafka_environment,
            "ISOBAR_TOPICS_PREFIX": self.prefix,
            "ISOBAR_JOBS_JOB_ID": self.name,
            "ISOBAR_JOBS_CHECKPOINT_DIR": "",
            **{f"ISOBAR_JOBS_{key.upper()}": str(value) for key, value in settings.items()},
        }
        self.job_id = self.stack.flink.submit(SCRIPT, environment, restore=restore)
        self.stack.flink.wait_running(self.job_id)
        return self.job_id

    def checkpoints(self) -> int:
        """Completed by the running job."""
        return int(self.stack.flink.rest.get(f"/jobs/{self.job_id}/checkpoints")["counts"]["completed"])

    def restarts(self) -> int:
        """How often the job has failed since it was submitted."""
        entries = self.stack.flink.rest.get(f"/jobs/{self.job_id}/exceptions")["exceptionHistory"]["entries"]
        return len(entries)

    @property
    def sinks(self) -> list[SinkProcess]:
        """In the order in which they were started."""
        return self._children

    # ---- the producer ----

    def replay(self, *arguments: str) -> Child:
        """`python -m producer replay …`, started."""
        environment = {
            **self.stack.kafka_environment,
            "ISOBAR_TOPICS_PREFIX": f"{self.name}.",
            "ISOBAR_PRODUCER_METRICS_PORT": "0",
        }
        child = Child(
            "Replay",
            [sys.executable, "-m", "producer", "replay", *arguments],
            self.tmp_path / "replay.log",
            cwd=REPOSITORY,
        )
        child.env.update(environment)
        child.start()
        return child

    # ---- waiting ----

    def settle(self, *, sink: bool = True) -> None:
        """Until whatever is in weather.observations has gone through the job and, with `sink`, through the sink.

        A checkpoint whose offsets are the topic's end holds every effect of every record; the next one's completion
        says that its transactions are committed.
        """
        self.until(lambda: self._unread() == {}, f"the job to read all of {self.catalogue.observations.name}")
        done = self.checkpoints()
        self.until(lambda: self.checkpoints() >= done + 2, "two more checkpoints")
        if sink:
            ends = self._ends(OUTPUTS)
            self.until(lambda: self._unwritten(ends) == {}, "the sink to write all that the job said")

    def until(self, condition: Callable[[], bool], what: str) -> None:
        """Waits; a job that ended meanwhile is told with its cause instead of a timeout."""
        deadline = time.monotonic() + ARRIVAL_S
        rest = self.stack.flink.rest
        while not condition():
            state = rest.job_state(self.job_id) if self.job_id else ""
            assert state not in ("FAILED", "FINISHED", "CANCELED"), f"{state}: {rest.root_exception(self.job_id)}"
            cause = rest.root_exception(self.job_id) if self.job_id else ""
            assert time.monotonic() < deadline, f"{what}: not within {ARRIVAL_S:.0f} s; the job is {state} {cause}"
            time.sleep(POLL_S)

    def until_rows(self, count: int) -> None:
        """Until the sink has written so many enriched rows."""
        self.until(lambda: self.rows() >= count, f"{count} rows of weather_enriched")

    def _unread(self) -> dict[int, tuple[int, int]]:
        """Partitions of the observations whose end the job's committed offset has not reached."""
        topic = self.catalogue.observations
        wanted = [TopicPartition(topic.name, number) for number in range(topic.partitions)]
        consumer = confluent_consumer(self.kafka, self.name, "test")
        try:
            try:
                committed = {p.partition: max(p.offset, 0) for p in consumer.committed(wanted, timeout=30)}
            except KafkaException as error:
                if error.args[0].code() not in NO_COORDINATOR:
                    raise
                committed = {p.partition: -1 for p in wanted}
            ends = {p.partition: consumer.get_watermark_offsets(p, timeout=30)[1] for p in wanted}
        finally:
            consumer.close()
        return {number: (committed[number], end) for number, end in ends.items() if committed[number] < end}

    def _ends(self, names: Iterable[str]) -> dict[Partition, int]:
        """The offset after the last record; the end of a partition is behind the transaction markers after it."""
        ends: dict[Partition, int] = {}
        for name in names:
            for message in self.read(name):
                ends[Partition(message.topic() or "", message.partition() or 0)] = (message.offset() or 0) + 1
        return ends

    def _unwritten(self, ends: dict[Partition, int]) -> dict[Partition, int]:
        written = self.next_offsets()
        return {partition: end for partition, end in ends.items() if written.get(partition, 0) < end}

    # ---- looking ----

    def read(self, name: str) -> list[Message]:
        """Every committed message of a topic, by its name in the catalogue, or `dead_letters` or `late`."""
        observations = self.catalogue.observations
        special = {"dead_letters": observations.dead_letters, "late": observations.late}
        topic = special.get(name) or getattr(self.catalogue, name).name
        return read_all(self.kafka, topic)

    def dead_letters_of(self, topic: Topic) -> list[str]:
        """Reasons for which the sink has refused records of a topic."""
        return [headers(message)["reason"] for message in read_all(self.kafka, topic.dead_letters or "")]

    def table(self, name: str) -> list[dict[str, Any]]:
        """Every row of a table by column name."""
        with self.connect() as connection:
            cursor = connection.execute(f"SELECT * FROM {name}".encode())
            names = [column.name for column in cursor.description or []]
            return [dict(zip(names, row, strict=True)) for row in cursor]


def headers(message: Message) -> dict[str, str]:
    """A message's headers as text."""
    pairs = message.headers() or []
    items = pairs.items() if isinstance(pairs, dict) else pairs
    return {name: value.decode() if isinstance(value, bytes) else value or "" for name, value in items}
