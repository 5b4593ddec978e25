"""One Flink job measured from outside: a filled topic, a start, and the moment its last output was committed.

The input is complete before the job starts, so the job is never limited by whoever feeds it. Two times are kept apart,
since start-up (a JVM, planning, deployment, generated code) happens once and throughput always: from submission, and
from the moment the last task was running. Both end when the last stable offset of the outputs moved for the last time.
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
    """What the whole input makes: so many records in the counted topics together.

    `also` are topics whose number of records is not known beforehand; they must come to rest as well.
    """

    records: int
    counted: Sequence[str]
    also: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class JobRun:
    """How long one job took for the whole input."""

    start_up_s: float
    seconds: float
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
        finished_at = _finished_at(bench, job, output)
        cpu_s = cpu_seconds(taskmanager) - cpu_before
    finally:
        flink.cancel(job)
    return JobRun(running_at - submitted_at, finished_at - running_at, cpu_s)


def _running_at(rest: FlinkRest, job: str) -> float:
    """When the last of all tasks began to run, in seconds since the epoch, by Flink's own account."""
    vertices = [vertex["id"] for vertex in rest.get(f"/jobs/{job}")["vertices"]]
    times = [rest.get(f"/jobs/{job}/vertices/{vertex}/subtasktimes") for vertex in vertices]
    running_ms = [task["timestamps"]["RUNNING"] for vertex in times for task in vertex["subtasks"]]
    return float(max(running_ms)) / 1000


def _finished_at(bench: Bench, job: str, output: Output) -> float:
    topics = [*output.counted, *output.also]
    deadline = time.time() + _TIMEOUT_S
    before, moved_at = last_stable_offsets(bench.admin, topics), time.time()
    while time.time() < deadline:
        time.sleep(_POLL_S)
        now = last_stable_offsets(bench.admin, topics)
        if now != before:
            before, moved_at = now, time.time()
        # Offsets count transaction markers too: they can say that records are missing, never that all are there.
        at_most = sum(now[topic] for topic in output.counted)
        if at_most < output.records or time.time() - moved_at < _QUIET_S:
            continue
        if consume(bench.kafka, output.counted, output.records)[0] >= output.records:
            return moved_at
    seen = consume(bench.kafka, output.counted, output.records)[0]
    raise BenchError(
        f"the job should have written {output.records:,} records to {' and '.join(output.counted)} within "
        f"{_TIMEOUT_S:.0f} s and has written {seen:,}; it is {bench.stack.flink.rest.job_state(job)}. "
        f"{bench.stack.flink.rest.root_exception(job)}"
    )
