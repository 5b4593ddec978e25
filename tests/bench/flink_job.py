"""One Flink job measured from outside: a filled topic, a start, and the moment its last output was committed.

The input is complete before the job starts, so the job is never limited by whoever feeds it. Two times are kept apart,
since start-up (a JVM, planning, deployment, generated code) happens once and throughput always: from submission, and
from the moment the last task was running. Both end when the last stable offset of the outputs moved for the last time.
A new JVM still compiles for half a minute while it works: the second half of the records tells what it holds.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from local.flink_rest import FlinkRest
from tests.bench.context import Bench
from tests.bench.machine import cpu_seconds
from tests.bench.topics import BenchError, consume, last_stable_offsets

_POLL_S = 0.1
# Outputs move with every checkpoint while there is input; a busy machine may take seconds for one.
_QUIET_S = 8.0
_TIMEOUT_S = 900.0


@dataclass(frozen=True, slots=True)
class Output:
    """What the whole input makes: so many records in the topics together."""

    records: int
    topics: Sequence[str]


@dataclass(frozen=True, slots=True)
class Progress:
    """So many records had been committed at a time, in seconds since the epoch."""

    records: int
    at: float


@dataclass(frozen=True, slots=True)
class JobRun:
    """How long one job took for the whole input."""

    start_up_s: float
    seconds: float
    second_half_per_s: float
    cpu_s: float

    @property
    def with_start_up_s(self) -> float:
        return self.start_up_s + self.seconds


def run(bench: Bench, script: Path, env: Mapping[str, str], output: Output) -> JobRun:
    """Runs the job over its filled input, from nothing.

    Raises:
        BenchError: the outputs have not the records they should have.
    """
    flink = bench.stack.flink
    taskmanager = flink.taskmanagers[0].pid
    cpu_before = cpu_seconds(taskmanager)
    submitted_at = time.time()
    job = flink.submit(script, env, restore=False)
    try:
        flink.wait_running(job)
        running_at = _running_at(flink.rest, job)
        half, end = _progress(bench, job, output)
        cpu_s = cpu_seconds(taskmanager) - cpu_before
    finally:
        flink.cancel(job)
    second_half_per_s = (end.records - half.records) / (end.at - half.at)
    return JobRun(running_at - submitted_at, end.at - running_at, second_half_per_s, cpu_s)


def _running_at(rest: FlinkRest, job: str) -> float:
    """When the last of all tasks began to run, in seconds since the epoch, by Flink's own account."""
    vertices = [vertex["id"] for vertex in rest.get(f"/jobs/{job}")["vertices"]]
    times = [rest.get(f"/jobs/{job}/vertices/{vertex}/subtasktimes") for vertex in vertices]
    running_ms = [task["timestamps"]["RUNNING"] for vertex in times for task in vertex["subtasks"]]
    return float(max(running_ms)) / 1000


def _progress(bench: Bench, job: str, output: Output) -> tuple[Progress, Progress]:
    """When half of the output had been committed, and when all of it."""
    deadline = time.time() + _TIMEOUT_S
    half: Progress | None = None
    before, moved_at = 0, time.time()
    while time.time() < deadline:
        time.sleep(_POLL_S)
        # Offsets count transaction markers too: they can say that records are missing, never that all are there.
        at_most = sum(last_stable_offsets(bench.admin, output.topics).values())
        if at_most != before:
            before, moved_at = at_most, time.time()
        if half is None and at_most >= output.records / 2:
            half = Progress(at_most, moved_at)
        if half is None or at_most < output.records or time.time() - moved_at < _QUIET_S:
            continue
        if consume(bench.kafka, output.topics, output.records)[0] >= output.records:
            return half, Progress(output.records, moved_at)
    seen = consume(bench.kafka, output.topics, output.records)[0]
    raise BenchError(
        f"the job should have written {output.records:,} records to {' and '.join(output.topics)} within "
        f"{_TIMEOUT_S:.0f} s and has written {seen:,}; it is {bench.stack.flink.rest.job_state(job)}. "
        f"{bench.stack.flink.rest.root_exception(job)}"
    )
