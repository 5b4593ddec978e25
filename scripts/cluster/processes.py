"""The cluster's own programs: started inside the namespaces, found again by asking the kernel who is in there.

There are no pid files to go stale: a component is running if a process of that name is in the process namespace.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from local.errors import failure
from scripts.cluster import layout, namespace
from scripts.cluster.errors import ClusterError

# What keeps data (etcd, a database in a pod) ends in a second or two when asked; the rest may as well be killed.
STOP_GRACE_S = 3.0
# Shims wait for their containers and ignore being asked; waiting for them would always take the whole grace.
_NOT_WAITED_FOR = ("pause", "containerd-shim-runc-v2")


@dataclass(frozen=True)
class Cluster:
    """A running cluster: the process that holds its namespaces."""

    holder: int

    @classmethod
    def running(cls) -> Cluster | None:
        pid = namespace.holder()
        return None if pid is None else cls(pid)

    def run(self, argv: Sequence[str]) -> str:
        """A command inside, to its end; its standard output."""
        result = subprocess.run([*namespace.enter(self.holder), *argv], capture_output=True, text=True, check=False)
        if result.returncode != 0:
            raise ClusterError(f"`{' '.join(argv)}` failed (exit code {result.returncode}): {result.stderr.strip()}")
        return result.stdout

    def start(self, argv: Sequence[str]) -> None:
        """A component: it goes on without us, as a child of the holder, its output in a log of its own."""
        log = log_of(Path(argv[0]).name)
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as output:
            subprocess.run(
                [*namespace.enter(self.holder), "setsid", "--fork", *argv],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd="/",
                check=True,
            )

    def wait_until(self, name: str, is_ready: Callable[[], bool], timeout_s: float) -> None:
        """Poll until ready; a component that died, or took too long, is an error with the end of its log."""
        began = time.monotonic()
        while not is_ready():
            waited_s = time.monotonic() - began
            # setsid has forked before it returns, but the program may not yet have taken its name.
            if waited_s > 1.0 and not self.pids(name):
                raise failure(f"{name} ended.", log_of(name))
            if waited_s > timeout_s:
                raise failure(f"{name} was not ready within {timeout_s:.0f} s.", log_of(name))
            time.sleep(namespace.POLL_INTERVAL_S)

    def pids(self, name: str) -> list[int]:
        """The processes of a program inside."""
        found = []
        for pid in namespace.members(self.holder):
            arguments = namespace.command_line(pid)
            if arguments and Path(arguments[0]).name == name:
                found.append(pid)
        return found

    def stop(self) -> None:
        """Asks what keeps data to end, then ends all. The kubelet goes first: it would start again what ended."""
        for pid in self.pids("kubelet"):
            os.kill(pid, signal.SIGKILL)
        for pid in self._waited_for():
            _terminate(pid)
        deadline = time.monotonic() + STOP_GRACE_S
        while self._waited_for() and time.monotonic() < deadline:
            time.sleep(namespace.POLL_INTERVAL_S)
        namespace.destroy(self.holder)

    def _waited_for(self) -> list[int]:
        excluded = {pid for name in _NOT_WAITED_FOR for pid in self.pids(name)}
        # A process without arguments has ended and waits to be buried.
        return [pid for pid in namespace.members(self.holder) if pid not in excluded and namespace.command_line(pid)]


def log_of(name: str) -> Path:
    return layout.LOG_DIR / f"{name}.log"


def _terminate(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGTERM)
    except ProcessLookupError:
        return  # ended by itself: that is what was wanted
