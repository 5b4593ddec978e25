"""Replay → Kafka: the producer's own loop beside a loop that only hands bytes to the client."""

from __future__ import annotations

from producer import replay
from producer.progress import Progress
from producer.publishers import BulkPublisher
from producer.stopping import Stop
from tests.bench import load
from tests.bench.context import Bench
from tests.bench.machine import Stopwatch
from tests.bench.report import Figure
from tests.bench.topics import produce

NAME = "replay"


def run(bench: Bench) -> list[Figure]:
    count = bench.scale.replayed
    # Topics apart, each still empty: neither run writes into segments that the other has warmed.
    topic, raw_topic = bench.topics("replay.").observations, bench.topics("replay-raw.").observations
    ready = list(load.keyed(iter(load.plan(count).records), topic.key))
    bench.say(f"{count:,} observations of {len(ready[0][1])} bytes → {raw_topic.name}, {topic.name}")
    raw_s = produce(bench.kafka, raw_topic.name, ready)
    chosen = load.plan(count)
    publisher = BulkPublisher(bench.kafka, topic, "bench-replay")
    watch = Stopwatch()
    sent = replay.run(chosen.records, publisher, replay.at_once, Stop(), Progress("replay"))
    seconds = watch.seconds
    note = "makes, encodes, sends; all acknowledged"
    return [Figure(NAME, "replay → Kafka", sent / seconds, "records/s", count / raw_s, "plain produce", note=note)]
