"""Kafka → jobs/process_weather.py → Kafka: the job as it is installed, every output on, exactly-once."""

from __future__ import annotations

from local.paths import REPOSITORY
from producer import nyc_2013
from tests.bench import flink_job, load
from tests.bench.context import CHECKPOINT_MS, PARALLELISM, Bench
from tests.bench.report import Figure, Target
from tests.bench.topics import consume, produce

NAME = "weather-job"
TARGET = Target("at least", 25_000)
SCRIPT = REPOSITORY / "jobs" / "process_weather.py"

_PREFIX = "weather-job."


def run(bench: Bench) -> list[Figure]:
    """Few stations with a year each, as the target was set; then as many records of many stations, in a warm JVM."""
    cold, warm = "the JVM still compiles", "in the JVM of the run before"
    return [
        *_measure(bench, "year", load.year(), TARGET, cold),
        *_measure(bench, "two-weeks", nyc_2013.cut(), None, warm),
    ]


def _measure(bench: Bench, name: str, data: bytes, target: Target | None, jvm: str) -> list[Figure]:
    count, prefix = bench.scale.observations, f"{_PREFIX}{name}."
    topics = bench.topics(prefix)
    source = topics.observations
    stations = load.stations(count, data)
    bench.say(f"{count:,} observations of {stations:,} stations → {source.name}")
    produce(bench.kafka, source.name, load.keyed(iter(load.plan(count, data).records), source.key))
    raw, raw_s = consume(bench.kafka, [source.name], count)
    # What is not accepted is a dead letter: together they must be everything that went in.
    output = flink_job.Output(count, [topics.enriched.name, source.dead_letters or ""])
    job = flink_job.run(bench, SCRIPT, settings(bench, prefix, "exactly-once", CHECKPOINT_MS), output)
    what = f"process_weather, exactly-once every {CHECKPOINT_MS / 1000:g} s, {stations:,} stations, second half"
    return [
        Figure(NAME, what, job.second_half_per_s, "events/s", raw / raw_s, "plain consume", target),
        Figure(NAME, "the whole run", count / job.seconds, "events/s", note=jvm),
        Figure(NAME, "the same from submission", count / job.with_start_up_s, "events/s"),
        Figure(NAME, "start-up", job.start_up_s, "s", note="submission until the last task runs"),
        Figure(NAME, "TaskManager CPU", job.cpu_s / count * 1e6, "s per million", note="its start-up included"),
    ]


def settings(bench: Bench, prefix: str, guarantee: str, checkpoint_ms: int) -> dict[str, str]:
    """The job's environment under a topic prefix."""
    return bench.environment(
        prefix,
        ISOBAR_JOBS_PARALLELISM=PARALLELISM,
        ISOBAR_JOBS_CHECKPOINT_INTERVAL_MS=checkpoint_ms,
        ISOBAR_JOBS_DELIVERY_GUARANTEE=guarantee,
        ISOBAR_JOBS_JOB_ID=f"{prefix}process-weather",
    )
