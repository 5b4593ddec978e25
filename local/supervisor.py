"""The background process behind `python -m local up`: it holds the stack until SIGTERM, or until a part of it dies.

Being the parent of broker, Flink and Postgres, it needs no daemon of the system, and nothing outlives it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from local.child import POLL_INTERVAL_S, STOP_GRACE_S
from local.errors import StartError, failure
from local.paths import REPOSITORY
from local.ports import Ports
from local.processes import ProcessRecord
from local.stack import Stack, make_data_dir
from local.state_file import StateFile

# A crashed child is noticed within this time.
_CHECK_INTERVAL_S = 1.0
# Three JVMs at once on a slow or busy laptop.
_UP_TIMEOUT_S = 180.0
# The parts are stopped one after the other; each is killed after its grace.
_DOWN_TIMEOUT_S = 4 * STOP_GRACE_S


def run(data_dir: Path, ports: Ports) -> int:
    """In the background process: up, wait, down. Returns the exit code."""
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: stopping.set())
    stack = Stack(data_dir, ports)
    own = ProcessRecord.of("Supervisor", os.getpid(), _log_path(data_dir))
    try:
        with stack:
            children = [ProcessRecord.of(child.name, child.pid, child.log_path) for child in stack.children]
            StateFile(own, children, ports, ready=True).write(data_dir)
            while not stopping.wait(_CHECK_INTERVAL_S):
                for child in stack.children:
                    if not child.is_running():
                        raise child.died()
    except StartError as error:
        print(f"error: {error}", flush=True)
        return 1
    finally:
        StateFile.path(data_dir).unlink(missing_ok=True)
    return 0


def up(data_dir: Path, ports: Ports) -> StateFile:
    """Start the background process and wait until the stack is ready."""
    running = StateFile.read(data_dir)
    if running and running.supervisor.is_running():
        raise StartError(f"The stack of {data_dir} is already up: `python -m local status` shows it.")
    make_data_dir(data_dir)
    StateFile.path(data_dir).unlink(missing_ok=True)
    arguments = [f"--data-dir={data_dir}", "supervise"]
    with _log_path(data_dir).open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "local", *arguments],
            cwd=REPOSITORY,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    deadline = time.monotonic() + _UP_TIMEOUT_S
    while not (state := StateFile.read(data_dir)):
        if process.poll() is not None:
            raise StartError(_log_path(data_dir).read_text().strip().removeprefix("error: "))
        if time.monotonic() > deadline:
            process.terminate()
            raise failure(f"The stack was not ready within {_UP_TIMEOUT_S:.0f} s.", _log_path(data_dir))
        time.sleep(POLL_INTERVAL_S)
    return state


def down(data_dir: Path) -> list[str]:
    """Stop what is recorded and still is what was recorded; returns the names of what was stopped."""
    state = StateFile.read(data_dir)
    if state is None:
        return []
    found = [process for process in (state.supervisor, *state.children) if process.is_running()]
    state.supervisor.signal(signal.SIGTERM)
    state.supervisor.wait_gone(_DOWN_TIMEOUT_S)
    # What is left was orphaned in a way that even the kernel's parent-death signal did not reach.
    for number in (signal.SIGTERM, signal.SIGKILL):
        for process in state.children:
            process.signal(number)
        for process in state.children:
            process.wait_gone(STOP_GRACE_S)
    StateFile.path(data_dir).unlink(missing_ok=True)
    return [process.name for process in found]


def _log_path(data_dir: Path) -> Path:
    return data_dir / "supervisor.log"
