"""A Flink session cluster: one JobManager and TaskManagers, each a child JVM of ours.

Everything binds to 127.0.0.1, which Flink does only when told for each part. Its Prometheus reporter cannot be told
(it opens its port on all addresses), so metrics are read from the JobManager's REST interface instead.
Checkpoints stay when a job is stopped; `submit` goes on from the newest one of the same script.
"""

from __future__ import annotations

import importlib.util
import os
import re
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from local.checkpoints import newest_state
from local.child import Child
from local.errors import StartError, failure
from local.flink_distribution import flink_home
from local.flink_home import environment, java_command, write_conf
from local.flink_rest import FlinkRest
from local.paths import REPOSITORY
from local.ports import HOST, free_port

# JobManager 5 s, then a TaskManager 4 s, on two idle cores; a demo starts them beside broker and Postgres.
READY_TIMEOUT_S = 90.0
# JVM, Python, planning and upload took 3 to 11 s on two cores.
SUBMIT_TIMEOUT_S = 180.0
# A savepoint waits for the running checkpoint and then for one of its own.
STOP_JOB_TIMEOUT_S = 60.0

# Each answer costs the JobManager a few milliseconds, which it needs for its own start.
_REST_POLL_S = 0.2

_SUBMITTED = re.compile(r"JobID ([0-9a-f]{32})")
_METASPACE_MB = 256
_TERMINAL_STATES = ("FINISHED", "CANCELED", "FAILED")


class Flink:
    """JobManager and TaskManagers; each of `jobmanager` and `taskmanagers` can be killed and started alone."""

    def __init__(
        self,
        data_dir: Path,
        rest_port: int,
        rpc_port: int | None = None,
        *,
        taskmanagers: int = 1,
        slots: int = 4,
        taskmanager_heap_mb: int = 1536,
        managed_mb: int = 256,
        settings: Mapping[str, object] | None = None,
    ) -> None:
        self.data_dir = data_dir
        self.rest = FlinkRest(rest_port)
        self._rpc_port = rpc_port or free_port()
        self._slots = slots
        self._heap_mb = taskmanager_heap_mb
        self._managed_mb = managed_mb
        self._extra_settings = dict(settings or {})
        self._home = flink_home()
        self.jobmanager = Child(
            "Flink JobManager", [], data_dir / "jobmanager.log", ports={"REST": rest_port, "RPC": self._rpc_port}
        )
        self.taskmanagers: list[Child] = []
        self._client: Child | None = None
        self._taskmanagers_wanted = taskmanagers

    @property
    def rest_url(self) -> str:
        return self.rest.url

    @property
    def checkpoint_dir(self) -> Path:
        return self.data_dir / "checkpoints"

    @property
    def children(self) -> list[Child]:
        return [self.jobmanager, *self.taskmanagers]

    def start(self) -> None:
        """Returns at once. The TaskManagers start beside the JobManager and try again until it answers."""
        for folder in (self._tmp_dir, self.checkpoint_dir):
            folder.mkdir(parents=True, exist_ok=True)
        write_conf(self._home, self._conf_dir, self._settings())
        entrypoint = "org.apache.flink.runtime.entrypoint.StandaloneSessionClusterEntrypoint"
        main = [entrypoint, "--configDir", str(self._conf_dir), "--executionMode", "cluster"]
        # It coordinates and computes nothing: the quick compiler alone saves a third of its start.
        options = ["-Xms256m", "-Xmx512m", "-XX:TieredStopAtLevel=1"]
        self.jobmanager.argv = java_command(self._home, self._conf_dir, options, main)
        self.jobmanager.env = self._environment()
        self.jobmanager.start()
        if self.taskmanagers:
            for taskmanager in self.taskmanagers:
                taskmanager.start()
        else:
            for _ in range(self._taskmanagers_wanted):
                self.start_taskmanager()

    def wait_ready(self, timeout_s: float = READY_TIMEOUT_S) -> None:
        """Ready when the JobManager answers and every TaskManager has registered."""
        self.jobmanager.wait_until(self.rest.answers, timeout_s)
        self.wait_taskmanagers(len(self.taskmanagers), timeout_s)

    def wait_taskmanagers(self, count: int, timeout_s: float = READY_TIMEOUT_S) -> None:
        deadline = time.monotonic() + timeout_s
        while self.rest.registered_taskmanagers() < count:
            for child in self.children:
                if not child.is_running():
                    raise child.died()
            if time.monotonic() > deadline:
                last = self.taskmanagers[-1]
                raise failure(f"{last.name} did not register within {timeout_s:.0f} s.", last.log_path)
            time.sleep(_REST_POLL_S)

    def start_taskmanager(self) -> Child:
        """One more TaskManager, for example as a standby; returns at once."""
        number = len(self.taskmanagers) + 1
        # Parallel GC: throughput counts more than short pauses, and G1's concurrent work took a third of the CPU here.
        options = ["-Xms256m", f"-Xmx{self._heap_mb}m", f"-XX:MaxMetaspaceSize={_METASPACE_MB}m", "-XX:+UseParallelGC"]
        main = ["org.apache.flink.runtime.taskexecutor.TaskManagerRunner", "--configDir", str(self._conf_dir)]
        main += ["-D", f"taskmanager.resource-id=taskmanager-{number}"]
        child = Child(
            f"Flink TaskManager {number}" if number > 1 else "Flink TaskManager",
            java_command(self._home, self._conf_dir, options, main),
            self.data_dir / f"taskmanager-{number}.log",
            env=self._environment(),
        )
        child.start()
        self.taskmanagers.append(child)
        return child

    def submit(
        self, script: Path, env: Mapping[str, str], arguments: Sequence[str] = (), *, restore: bool = True
    ) -> str:
        """Run the script as `flink run -d -py` would, from the newest state of its name; returns the job id.

        Each script has a checkpoint directory of its own, so that jobs never restore one another's state.
        """
        name = script.stem
        job_dir = self.checkpoint_dir / name
        conf_dir = self.data_dir / f"conf-{name}"
        settings = {**self._settings(), "execution.checkpointing.dir": job_dir.as_uri()}
        state = newest_state(job_dir) if restore else None
        if state:
            settings["execution.state-recovery.path"] = state.as_uri()
            # Flink then owns the old state and deletes it once newer checkpoints replace it.
            settings["execution.state-recovery.claim-mode"] = "CLAIM"
        write_conf(self._home, conf_dir, settings)
        python = ["-pyclientexec", sys.executable, "-pyexec", sys.executable]
        main = ["org.apache.flink.client.cli.CliFrontend", "run", "-d", "-m", f"{HOST}:{self.rest.port}", *python]
        main += ["-py", str(script), *arguments]
        client = Child(
            f"Submission of {name}",
            # It plans once and ends: the thorough compiler doubled its processor time (34 s instead of 18 s).
            java_command(self._home, conf_dir, ["-Xmx512m", "-XX:TieredStopAtLevel=1"], main),
            self.data_dir / f"submit-{name}.log",
            env={**self._environment(conf_dir), "PYTHONPATH": _python_path(), **env},
        )
        client.log_path.unlink(missing_ok=True)
        self._client = client
        client.start()
        code = client.wait(SUBMIT_TIMEOUT_S)
        match = _SUBMITTED.search(client.log_path.read_text(errors="replace"))
        if code != 0 or match is None:
            raise failure(f"Job {name} could not be submitted (exit code {code}).", client.log_path)
        return match.group(1)

    def wait_running(self, job_id: str, timeout_s: float = READY_TIMEOUT_S) -> None:
        """Until every task of the job runs; a job that keeps failing is an error with its cause."""
        deadline = time.monotonic() + timeout_s
        while (state := self.rest.job_state(job_id)) != "RUNNING":
            if state in _TERMINAL_STATES or time.monotonic() > deadline:
                raise StartError(f"Flink job {job_id} is {state}, not RUNNING. {self.rest.root_exception(job_id)}")
            time.sleep(_REST_POLL_S)

    def cancel(self, job_id: str) -> None:
        """Stop at once; the last checkpoint stays."""
        self.rest.request("PATCH", f"/jobs/{job_id}?mode=cancel")
        self._wait_ended(job_id)

    def stop_with_savepoint(self, script: Path, job_id: str) -> None:
        """Stop where nothing is in flight: a savepoint, all Kafka transactions committed, then the end.

        A cancelled job may leave a transaction that only its restart commits, and the broker aborts it if that comes
        later than the transaction's timeout.
        """
        target = (self.checkpoint_dir / script.stem / "savepoints").as_uri()
        self.rest.request("POST", f"/jobs/{job_id}/stop", {"targetDirectory": target, "drain": False})
        self._wait_ended(job_id)

    def _wait_ended(self, job_id: str) -> None:
        deadline = time.monotonic() + STOP_JOB_TIMEOUT_S
        while (state := self.rest.job_state(job_id)) not in _TERMINAL_STATES:
            if time.monotonic() > deadline:
                raise StartError(f"Flink job {job_id} did not stop within {STOP_JOB_TIMEOUT_S:.0f} s: it is {state}.")
            time.sleep(_REST_POLL_S)

    def stop(self) -> None:
        """TaskManagers and JobManager at once: without jobs there is no order to keep."""
        if self._client:
            self._client.kill()
        for child in self.children:
            child.ask_to_stop()
        for child in self.children:
            child.stop()

    def kill(self) -> None:
        for child in self.children:
            child.kill()

    def is_running(self) -> bool:
        return all(child.is_running() for child in self.children)

    @property
    def _conf_dir(self) -> Path:
        return self.data_dir / "conf"

    @property
    def _tmp_dir(self) -> Path:
        return self.data_dir / "tmp"

    def _environment(self, conf_dir: Path | None = None) -> dict[str, str]:
        return environment(self._home, conf_dir or self._conf_dir, self.data_dir)

    def _settings(self) -> dict[str, object]:
        return {
            "jobmanager.rpc.address": HOST,
            "jobmanager.rpc.port": self._rpc_port,
            "jobmanager.bind-host": HOST,
            "rest.address": HOST,
            "rest.port": self.rest.port,
            "rest.bind-address": HOST,
            "taskmanager.host": HOST,
            "taskmanager.bind-host": HOST,
            "io.tmp.dirs": str(self._tmp_dir),
            "web.tmpdir": str(self._tmp_dir),
            # A client started beside the JobManager asks again soon, for as long as a slow JobManager takes.
            "rest.retry.delay": "250 ms",
            "rest.retry.max-attempts": 400,
            # No upload of jars by browser: jobs come from this machine's own client.
            "web.submit.enable": False,
            "taskmanager.numberOfTaskSlots": self._slots,
            # A TaskManager started by hand needs each part of its memory; the scripts that we skip would work them out.
            "taskmanager.cpu.cores": float(os.cpu_count() or 1),
            "taskmanager.memory.framework.heap.size": "128m",
            "taskmanager.memory.task.heap.size": f"{self._heap_mb - 128}m",
            "taskmanager.memory.framework.off-heap.size": "128m",
            "taskmanager.memory.task.off-heap.size": "0m",
            "taskmanager.memory.network.min": "128m",
            "taskmanager.memory.network.max": "128m",
            "taskmanager.memory.managed.size": f"{self._managed_mb}m",
            "taskmanager.memory.jvm-metaspace.size": f"{_METASPACE_MB}m",
            "taskmanager.memory.jvm-overhead.min": "192m",
            "taskmanager.memory.jvm-overhead.max": "192m",
            # The JobManager starts a moment after the TaskManagers ask for it: ask again soon, not after 10 s.
            "cluster.registration.error-delay": "500 ms",
            "execution.checkpointing.dir": self.checkpoint_dir.as_uri(),
            "execution.checkpointing.externalized-checkpoint-retention": "RETAIN_ON_CANCELLATION",
            "python.client.executable": sys.executable,
            "python.executable": sys.executable,
            **self._extra_settings,
        }


def _python_path() -> str:
    """Our packages for the job's script, and this environment's libraries for Java, which knows no virtual one."""
    spec = importlib.util.find_spec("pyflink")
    site_packages = [str(Path(spec.origin).parent.parent)] if spec and spec.origin else []
    return os.pathsep.join([str(REPOSITORY), *site_packages])
