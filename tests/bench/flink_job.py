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
class JobRun:
    """How long one job took for the whole input."""

    start_up_s: float
    seconds: float
    cpu_s: float

    @property
    def with_start_up_s(self) -> float:
        return self.start_up_s + self.seconds


def run(bench: Bench, script: Path, env: Mapping[str, str], wanted: Mapping[str, int], also: Sequence[str]) -> JobRun:
    """Runs the job over its filled input.

    Args:
        bench: the stack.
        script: the job.
        env: its settings.
        wanted: output topics, and how many records the whole input makes in each.
        also: output topics whose number of records is not known beforehand; they must come to rest as well.

    Raises:
        BenchError: an output has not the records it should have.
    """
    flink = bench.stack.flink
    taskmanager = flink.taskmanagers[0].pid
    cpu_before = cpu_seconds(taskmanager)
    submitted_at = time.time()
    job = flink.submit(script, env, restore=False)
    try:
        flink.wait_running(job)
        running_at = _running_at(flink.rest, job)
        finished_at = _finished_at(bench, job, wanted, also)
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


def _finished_at(bench: Bench, job: str, wanted: Mapping[str, int], also: Sequence[str]) -> float:
    topics = [*wanted, *also]
    deadline = time.time() + _TIMEOUT_S
    before, moved_at = last_stable_offsets(bench.admin, topics), time.time()
    while True:
        time.sleep(_POLL_S)
        now = last_stable_offsets(bench.admin, topics)
        if now != before:
            before, moved_at = now, time.time()
        if time.time() > deadline:
            break
        # Offsets count transaction markers too: they can say that records are missing, never that all are there.
        if time.time() - moved_at < _QUIET_S or any(now[topic] < number for topic, number in wanted.items()):
            continue
        if all(consume(bench.kafka, topic, number)[0] >= number for topic, number in wanted.items()):
            return moved_at
    seen = {topic: consume(bench.kafka, topic, number)[0] for topic, number in wanted.items()}
    raise BenchError(
        f"the job should have written {dict(wanted)} within {_TIMEOUT_S:.0f} s and has written {seen}; "
        f"it is {bench.stack.flink.rest.job_state(job)}. {bench.stack.flink.rest.root_exception(job)}"
    )
