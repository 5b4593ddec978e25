"""Produce → a row of weather_enriched, through the whole pipeline under a steady load.

The product's own processes at their default settings: the replay at a fixed rate, the job, the sink. A row's latency is
the commit of its transaction in Postgres minus the moment the producer made the record; every row of the measured span
counts, and nothing polls. At exactly-once a record is visible only when a checkpoint has committed it, so the interval
between checkpoints is in the figure; at-least-once shows what is left without that wait.
"""

from __future__ import annotations

from tests.bench import database, processes
from tests.bench.cases import weather_job
from tests.bench.context import LATENCY_CHECKPOINT_MS, Bench
from tests.bench.report import Figure, Target, number
from tests.bench.topics import consume

NAME = "latency"
TARGET_P99_MS = Target("below", 1000)

_RATE = 5_000
_QUANTILES = (0.5, 0.95, 0.99)
_TABLE = "weather_enriched"


def run(bench: Bench) -> list[Figure]:
    database.track_commits(bench.stack.postgres)
    return [figure for guarantee in ("at-least-once", "exactly-once") for figure in _measure(bench, guarantee)]


def _measure(bench: Bench, guarantee: str) -> list[Figure]:
    server, flink, scale = bench.stack.postgres, bench.stack.flink, bench.scale
    prefix = f"latency-{guarantee}."
    topics = bench.topics(prefix)
    count = _RATE * (scale.latency_warm_up_s + scale.latency_s)
    job = flink.submit(
        weather_job.SCRIPT, weather_job.settings(bench, prefix, guarantee, LATENCY_CHECKPOINT_MS), restore=False
    )
    try:
        flink.wait_running(job)
        with processes.sink(bench, prefix) as sink:
            bench.say(f"{_RATE:,} records/s for {scale.latency_warm_up_s + scale.latency_s} s, {guarantee}")
            processes.replay(bench, prefix, rate=_RATE, count=count)
            refused = consume(bench.kafka, [topics.observations.dead_letters or ""], count)[0]
            database.wait_for_rows(server, _TABLE, count - refused, sink)
        found = database.latencies(server, _TABLE, scale.latency_warm_up_s, _QUANTILES)
        # The second guarantee starts from an empty table: its records are the same observations again.
        database.empty(server)
    finally:
        flink.cancel(job)
    how = (
        guarantee
        if guarantee == "at-least-once"
        else f"{guarantee}, checkpoint every {LATENCY_CHECKPOINT_MS / 1000:g} s"
    )
    return [
        Figure(
            NAME,
            f"produce → row, p{round(quantile * 100)}, {how}",
            value_ms,
            "ms",
            target=TARGET_P99_MS if quantile == _QUANTILES[-1] else None,
            note=f"{found.rows:,} rows at {number(found.rows_per_s)}/s",
        )
        for quantile, value_ms in zip(_QUANTILES, found.quantiles_ms, strict=True)
    ]
