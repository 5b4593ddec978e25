"""One child process: its log file, its signals, its end.

Every program of the stack is started through here, so that the same five things hold for all: it has a log file; it
dies with the supervisor (`exec_child.py`); Ctrl+C in the terminal does not reach it behind the supervisor's back (a
session of its own); its real pid is known; and its failure is told with the end of its log.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from local.errors import StartError, failure
from local.ports import check_ports_are_free

# A JVM with open transactions ends within 3 s on a busy laptop; past 15 s it hangs.
STOP_GRACE_S = 15.0
# Short against the shortest start (Postgres, 0.1 s), long enough to cost no CPU while a JVM wants it.
POLL_INTERVAL_S = 0.05

_EXEC_CHILD = Path(__file__).with_name("exec_child.py")

# The kernel sends the parent-death signal when the *thread* that forked ends, so every fork happens in one thread that
# lives as long as the supervisor does.
_SPAWNER = ThreadPoolExecutor(max_workers=1, thread_name_prefix="spawner")


@dataclass(frozen=True)
class Owner:
    """The user that a child runs as; with `passes_closed_folders` the child keeps root's right to enter them."""

    name: str
    uid: int
    gid: int
    passes_closed_folders: bool = False

    def __str__(self) -> str:
        return f"{self.uid}:{self.gid}" + ("+files" if self.passes_closed_folders else "")


class Child:
    """A named program. Restartable: `start` after `stop` or `kill` runs the same command again."""

    def __init__(
        self,
        name: str,
        argv: Sequence[str],
        log_path: Path,
        *,
        env: Mapping[str, str] | None = None,
        ports: Mapping[str, int] | None = None,
        cwd: Path | None = None,
        owner: Owner | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
    ) -> None:
        self.name = name
        self.argv = list(argv)
        self.log_path = log_path
        self.env = dict(os.environ if env is None else env)
        self.ports = dict(ports or {})
        self.cwd = cwd
        self.owner = owner
        self.stop_signal = stop_signal
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The program's own pid (not a shell's)."""
        if self._process is None:
            raise StartError(f"{self.name} has not been started.")
        return self._process.pid

    @property
    def port_users(self) -> dict[int, str]:
        """Each port with what needs it, in words."""
        return {port: f"{self.name} ({purpose})" for purpose, port in self.ports.items()}

    @property
    def exit_code(self) -> int | None:
        """None while it runs, or before it was started."""
        return None if self._process is None else self._process.poll()

    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Returns at once; `wait_ready` says when it can be used."""
        if self.is_running():
            raise StartError(f"{self.name} is already running as process {self.pid}.")
        check_ports_are_free([self.port_users])
        self.log_path.parent.mkdir(parents=True, exist_ok=True)
        self._process = _SPAWNER.submit(self._spawn).result()

    def _spawn(self) -> subprocess.Popen[bytes]:
        owner = str(self.owner) if self.owner else "-"
        shim = [sys.executable, "-I", "-S", str(_EXEC_CHILD), str(int(self.stop_signal)), str(os.getpid()), owner]
        with self.log_path.open("ab") as log:
            return subprocess.Popen(
                [*shim, *self.argv],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self.env,
                cwd=self.cwd,
                start_new_session=True,
            )

    def wait_until(self, is_ready: Callable[[], bool], timeout_s: float) -> None:
        """Poll until ready; a child that died, or took too long, is an error that says which."""
        deadline = time.monotonic() + timeout_s
        while True:
            if not self.is_running():
                raise self.died()
            if is_ready():
                return
            if time.monotonic() > deadline:
                raise failure(f"{self.name} was not ready within {timeout_s:.0f} s.", self.log_path)
            time.sleep(POLL_INTERVAL_S)

    def died(self) -> StartError:
        """The error that tells how a child ended that should be running."""
        code = self.exit_code
        if code is None:
            return StartError(f"{self.name} has not been started.")
        how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
        return failure(f"{self.name} {how}.", self.log_path)

    def wait(self, timeout_s: float | None = None) -> int:
        """The exit code of a program that ends by itself."""
        assert self._process is not None
        try:
            return self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise failure(f"{self.name} did not end within {timeout_s:.0f} s.", self.log_path) from None

    def stop(self, grace_s: float = STOP_GRACE_S) -> None:
        """Ask it to end; SIGKILL after the grace. Stopping what is not running is no error."""
        self.ask_to_stop()
        if self._process is None:
            return
        try:
            self._process.wait(grace_s)
        except subprocess.TimeoutExpired:
            self.kill()

    def ask_to_stop(self) -> None:
        """Send the stop signal and return: for stopping several at once."""
        if self._process is not None and self.is_running():
            self._process.send_signal(self.stop_signal)

    def kill(self) -> None:
        """SIGKILL and reap: for tests of crashes, and for what ignores `stop`."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
