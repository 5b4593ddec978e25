"""What every case gets: the stack it runs on, how much to do, and topics of its own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from confluent_kafka.admin import AdminClient
from rich.console import Console

from contracts.kafka import confluent_admin, create_topics
from contracts.settings import KafkaSettings
from contracts.topics import Catalogue, Topic
from local.stack import Stack
from tests.bench.topics import produce


@dataclass(frozen=True, slots=True)
class Scale:
    """How many records each case moves: enough to outweigh start-up, or (quick) just enough to show that it works."""

    replayed: int
    events: int
    observations: int
    rows: int
    latency_s: int
    latency_warm_up_s: int


FULL = Scale(
    replayed=400_000, events=4_000_000, observations=1_500_000, rows=400_000, latency_s=60, latency_warm_up_s=30
)
QUICK = Scale(replayed=60_000, events=300_000, observations=60_000, rows=40_000, latency_s=10, latency_warm_up_s=15)

PARALLELISM = 2
"""Of the jobs: one task per core of the reference machine; the broker and the sink share them."""

CHECKPOINT_MS = 2_000
"""Between checkpoints where throughput is measured; exactly-once output becomes visible at this rhythm."""

LATENCY_CHECKPOINT_MS = 500
"""Between checkpoints where latency is: whoever wants rows within a second commits more often than once in it."""


@dataclass(frozen=True, slots=True)
class Bench:
    """Handed to every case."""

    stack: Stack
    kafka: KafkaSettings
    admin: AdminClient
    scale: Scale
    console: Console

    @classmethod
    def on(cls, stack: Stack, scale: Scale, console: Console) -> Bench:
        kafka = KafkaSettings.load(bootstrap_servers=stack.broker.bootstrap_servers, security_protocol="PLAINTEXT")
        bench = cls(stack, kafka, confluent_admin(kafka), scale, console)
        bench._warm_up()
        return bench

    def _warm_up(self) -> None:
        """The first producer of a new broker waits a second for its coordinators; no measured one shall."""
        topic = Topic("bench.warm-up", "a few records of no meaning")
        self.create([topic])
        produce(self.kafka, topic.name, ((b"", b"") for _ in range(100)))

    def topics(self, prefix: str) -> Catalogue:
        """The catalogue under a prefix, created: no case reads what another left behind."""
        catalogue = Catalogue(prefix)
        self.create(catalogue.all())
        return catalogue

    def create(self, topics: Iterable[Topic]) -> None:
        create_topics(self.admin, topics)

    def environment(self, prefix: str, **settings: object) -> dict[str, str]:
        """For a child process: where the stack is, and settings by their full names."""
        named = {name: str(value) for name, value in settings.items()}
        return {**self.stack.environment, "ISOBAR_TOPICS_PREFIX": prefix, **named}

    def say(self, text: str) -> None:
        self.console.print(f"[dim]… {text}[/dim]")
