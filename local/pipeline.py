"""The pipeline on a stack: the job inside Flink, the sink and the replay as child processes.

Sink and job are started while the stack still starts; the replay comes last, when what it sends is read at once.
They are stopped the other way round, from the source on, so that each drains into the next.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import os
import sys
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from local.child import Child
from local.errors import StartError
from local.paths import REPOSITORY
from local.ports import check_ports_are_free
from local.stack import Stack
from producer.errors import DatasetError
from producer.fetch import NYC_2013, cached, fetch
from producer.settings import ProducerSettings

JOB_SCRIPT = REPOSITORY / "jobs" / "process_weather.py"

# A viewer sees records flow and the end arrive within a minute.
REPLAY_S = 30.0
_YEAR_S = 365 * 86_400
# What the package ships for machines that cannot fetch the year.
_CUT_S = 14 * 86_400


@dataclass(frozen=True)
class ReplayState:
    """What a data directory remembers of its replay, so that a restart says the same observations again, or none."""

    as_of: str
    finished: bool = False

    @staticmethod
    def path(data_dir: Path) -> Path:
        return data_dir / "replay.json"

    @classmethod
    def read_or_new(cls, data_dir: Path) -> ReplayState:
        path = cls.path(data_dir)
        if path.exists():
            return cls(**json.loads(path.read_text()))
        return cls(datetime.now(UTC).replace(microsecond=0).isoformat())

    def write(self, data_dir: Path) -> None:
        partial = self.path(data_dir).with_suffix(".partial")
        partial.write_text(json.dumps(dataclasses.asdict(self)) + "\n")
        partial.replace(self.path(data_dir))


class Pipeline:
    """Everything that runs in a demo. `start` returns when records flow; `stop` keeps what a restart needs."""

    def __init__(self, stack: Stack, *, speed: str | None, keep: bool) -> None:
        self.stack = stack
        self.keep = keep
        self.job_id: str | None = None
        self.speed = speed
        self.data_note = ""
        self.steps_s: dict[str, float] = {}
        """When each step was done, in seconds after the start, for the demo's account of it."""
        self._began = time.monotonic()
        self._replay_state: ReplayState | None = None
        ports = stack.ports
        self.sink = self._python("Sink", ["sinks", "postgres"], "SINKS", ports.sink_metrics)
        self.replay = self._python("Replay", ["producer", "replay"], "PRODUCER", ports.producer_metrics)
        self._stopped = threading.Event()

    @property
    def children(self) -> list[Child]:
        """In the order in which they are stopped."""
        return [self.replay, self.sink, *self.stack.children]

    @property
    def replay_is_finished(self) -> bool:
        return self._replay_state is not None and self._replay_state.finished

    def start(self) -> None:
        """Raises StartError when a part fails; the caller stops what has started."""
        stack = self.stack
        check_ports_are_free(child.port_users for child in self.children)
        with ThreadPoolExecutor(max_workers=2, thread_name_prefix="pipeline") as helpers, stack.starting() as parts:
            # The client plans the job while Flink starts, and hands it over when Flink answers.
            submission = helpers.submit(self._submit)
            data = helpers.submit(self._fetch_data)
            for name, part in parts.items():
                part.add_done_callback(functools.partial(self._done, name))
            parts["postgres"].result()
            parts["broker"].result()
            self.sink.env.update(stack.environment)
            self.sink.start()
            parts["flink"].result()
            self.job_id = submission.result()
            self._done("job submitted")
            self.data_note = data.result()
        self._start_replay()
        stack.flink.wait_running(self.job_id)
        self._done("job running")

    def _submit(self) -> str:
        # Checkpoints go where this data directory's next start looks for them, whatever this shell sets for others.
        return self.stack.flink.submit(JOB_SCRIPT, {**self.stack.kafka_environment, "ISOBAR_JOBS_CHECKPOINT_DIR": ""})

    def _fetch_data(self) -> str:
        """Before the replay wants it, which would have everything else wait."""
        cache_dir = ProducerSettings.load().cache_dir
        try:
            if cached(NYC_2013, cache_dir) is None:
                fetch(NYC_2013, cache_dir)
        except DatasetError as error:
            self.speed = self.speed or f"{_CUT_S / REPLAY_S:.0f}"
            return f"the two weeks shipped with the package, because the year could not be fetched: {error}"
        self.speed = self.speed or f"{_YEAR_S / REPLAY_S:.0f}"
        return "26,115 real hourly observations of three New York airports, 2013, shifted so that the last hour is now"

    def _start_replay(self) -> None:
        state = ReplayState.read_or_new(self.stack.data_dir)
        self._replay_state = state
        if state.finished:
            return
        state.write(self.stack.data_dir)
        assert self.speed is not None
        self.replay.argv += ["--speed", self.speed, "--as-of", state.as_of]
        self.replay.env.update(self.stack.kafka_environment)
        self.replay.start()

    def check(self) -> None:
        """Raise for whatever died; note when the replay has come to its end."""
        for child in self.children:
            if child is not self.replay and not child.is_running():
                raise child.died()
        if self.replay.exit_code and not self._stopped.is_set():
            raise self.replay.died()
        if self.replay.exit_code == 0 and self._replay_state and not self._replay_state.finished:
            self._replay_state = dataclasses.replace(self._replay_state, finished=True)
            self._replay_state.write(self.stack.data_dir)

    def stop(self) -> None:
        """Replay, sink, job, Flink, Postgres, broker."""
        self._stopped.set()
        self.replay.stop()
        self.sink.stop()
        flink = self.stack.flink
        if self.keep and self.job_id and flink.is_running():
            try:
                flink.stop_with_savepoint(JOB_SCRIPT, self.job_id)
            except (StartError, OSError) as error:
                # A checkpoint of at most its interval ago is there; the restart begins from it.
                print(f"The job was stopped without a savepoint: {error}", file=sys.stderr)
        self.stack.down()

    def _done(self, step: str, part: Future[None] | None = None) -> None:
        if part is not None and (part.cancelled() or part.exception()):
            return
        self.steps_s[step] = time.monotonic() - self._began

    def _python(self, name: str, words: list[str], prefix: str, metrics_port: int) -> Child:
        return Child(
            name,
            [sys.executable, "-m", *words],
            self.stack.data_dir / f"{name.lower()}.log",
            env={**os.environ, f"ISOBAR_{prefix}_METRICS_PORT": str(metrics_port)},
            ports={"metrics": metrics_port},
            cwd=REPOSITORY,
        )
