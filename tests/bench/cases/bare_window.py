"""Kafka → one-minute window → Kafka, exactly-once: what Flink can do here when a job does almost nothing."""

from __future__ import annotations

from pathlib import Path

from contracts.kafka import confluent_producer
from contracts.topics import Topic
from tests.bench import flink_job
from tests.bench.context import CHECKPOINT_MS, PARALLELISM, Bench
from tests.bench.report import Figure, Target
from tests.bench.topics import consume, produce

NAME = "bare-window"
TARGET = Target("at least", 150_000)

_SOURCE, _SINK = "bench.bare-window.in", "bench.bare-window.out"
_SENSORS = 1_000
_MINUTES = 20
_START_MS = 1_767_225_600_000  # 2026-01-01T00:00Z, a whole minute
_NOTE = "x" * 96  # makes a record of about 200 bytes


def run(bench: Bench) -> list[Figure]:
    events = bench.scale.events
    source = Topic(_SOURCE, "bench input")
    bench.create([source, Topic(_SINK, "bench output")])
    bench.say(f"{events:,} events of {len(_event(0, events)[1])} bytes → {_SOURCE}")
    produce(bench.kafka, _SOURCE, (_event(index, events) for index in range(events)))
    _close_windows(bench, source)
    raw, raw_s = consume(bench.kafka, [_SOURCE], events + source.partitions)
    env = bench.environment(
        "",
        BENCH_SOURCE=_SOURCE,
        BENCH_SINK=_SINK,
        BENCH_PARALLELISM=PARALLELISM,
        BENCH_CHECKPOINT_MS=CHECKPOINT_MS,
    )
    script = Path(__file__).parents[1] / "jobs" / "bare_window.py"
    job = flink_job.run(bench, script, env, flink_job.Output(_SENSORS * _MINUTES, [_SINK]))
    what = f"Kafka → window → Kafka, exactly-once every {CHECKPOINT_MS / 1000:g} s"
    return [
        Figure(NAME, what, events / job.seconds, "events/s", raw / raw_s, "plain consume", TARGET),
        Figure(NAME, "the same from submission", events / job.with_start_up_s, "events/s"),
        Figure(NAME, "start-up", job.start_up_s, "s", note="submission until the last task runs"),
        Figure(NAME, "TaskManager CPU", job.cpu_s / events * 1e6, "s per million", note="its start-up included"),
    ]


def _event(index: int, events: int) -> tuple[bytes, bytes]:
    """Sensors in turn, times rising evenly through the minutes: every sensor is in every window."""
    sensor = f"sensor-{index % _SENSORS:04d}"
    at_ms = _START_MS + index * _MINUTES * 60_000 // events
    values = f'"temperature_c":{15 + index % 100 / 10},"humidity_pct":{40 + index % 50}'
    return sensor.encode(), f'{{"sensor":"{sensor}","at_ms":{at_ms},{values},"note":"{_NOTE}"}}'.encode()


def _close_windows(bench: Bench, source: Topic) -> None:
    """One record an hour later in every partition: the watermark passes the last window, and its result comes out."""
    producer = confluent_producer(bench.kafka, "bench-close")
    late_ms = _START_MS + (_MINUTES + 60) * 60_000
    for partition in range(source.partitions):
        value = f'{{"sensor":"closer-{partition}","at_ms":{late_ms}}}'.encode()
        producer.produce(source.name, value, partition=partition)
    producer.flush(30)
