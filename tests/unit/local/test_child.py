"""A child's life: its own pid, its end, what is told of it, and that it never outlives its supervisor."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.child import Child
from local.errors import StartError
from local.ports import HOST
from local.processes import started_at

# Only for waits that end as soon as they are fulfilled: how long a thing takes is not tested.
PATIENCE_S = 20.0


def shell(script: str, log: Path, **options: object) -> Child:
    return Child("Example", ["sh", "-c", script], log, **options)  # type: ignore[arg-type]


def wait_for(log: Path, text: str) -> str:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if log.exists() and text in (found := log.read_text()):
            return found
        time.sleep(0.01)
    raise AssertionError(f"{text!r} never came into {log}")


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "logs" / "example.log"


@pytest.fixture
def sleeper(log: Path) -> Iterator[Child]:
    child = shell("echo $$ ready; exec sleep 600", log)
    yield child
    child.kill()


def test_pid_is_the_programs_own(sleeper: Child, log: Path) -> None:
    sleeper.start()

    assert wait_for(log, "ready").split()[0] == str(sleeper.pid)
    assert sleeper.is_running()


def test_a_child_leaves_the_terminals_process_group(sleeper: Child) -> None:
    sleeper.start()

    assert os.getpgid(sleeper.pid) == sleeper.pid


def test_stop_ends_it_with_its_own_signal(log: Path) -> None:
    child = shell(
        "trap 'echo fast; exit 0' INT; echo ready; while :; do sleep 0.01; done", log, stop_signal=signal.SIGINT
    )
    child.start()
    wait_for(log, "ready")

    child.stop()

    assert child.exit_code == 0
    assert "fast" in log.read_text()


def test_stop_kills_what_ignores_the_signal(log: Path) -> None:
    child = shell("trap '' TERM; echo ready; while :; do sleep 0.01; done", log)
    child.start()
    wait_for(log, "ready")

    child.stop(grace_s=0.1)

    assert child.exit_code == -signal.SIGKILL


def test_it_can_be_started_again_after_a_kill(sleeper: Child) -> None:
    sleeper.start()
    first = sleeper.pid
    sleeper.kill()
    sleeper.start()

    assert sleeper.is_running()
    assert sleeper.pid != first


def test_starting_a_running_child_is_refused(sleeper: Child) -> None:
    sleeper.start()

    with pytest.raises(StartError, match=re.escape(f"Example is already running as process {sleeper.pid}.")):
        sleeper.start()


def test_a_child_that_dies_is_told_with_the_end_of_its_log(log: Path) -> None:
    child = shell("seq 1 40; echo no such option: --frobnicate; exit 3", log)
    child.start()

    with pytest.raises(StartError) as caught:
        child.wait_until(lambda: False, PATIENCE_S)

    expected = "".join(f"  | {number}\n" for number in range(27, 41))
    assert str(caught.value) == (
        f"Example ended with exit code 3. The end of {log}:\n{expected}  | no such option: --frobnicate"
    )


def test_a_killed_child_names_the_signal(sleeper: Child, log: Path) -> None:
    sleeper.start()
    wait_for(log, "ready")
    sleeper.kill()

    assert str(sleeper.died()).startswith(f"Example was ended by SIGKILL. The end of {log}:\n  | ")


def test_a_child_that_is_not_ready_in_time_is_told(sleeper: Child, log: Path) -> None:
    sleeper.start()
    wait_for(log, "ready")

    with pytest.raises(StartError, match=re.escape("Example was not ready within 0 s. The end of")):
        sleeper.wait_until(lambda: False, 0)


def test_a_full_disk_is_named_first(log: Path) -> None:
    child = shell("echo 'java.io.IOException: No space left on device'; exit 1", log)
    child.start()
    child.wait(PATIENCE_S)

    assert str(child.died()) == (
        f"The disk that holds {log.parent} is full: free some space and start again. Example ended with exit code 1. "
        f"The end of {log}:\n  | java.io.IOException: No space left on device"
    )


def test_a_silent_child_says_that_its_log_is_empty(log: Path) -> None:
    child = shell("exit 4", log)
    child.start()
    child.wait(PATIENCE_S)

    assert str(child.died()) == f"Example ended with exit code 4. Its log {log} is empty."


def test_a_taken_port_is_told_before_the_start(log: Path) -> None:
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        child = shell("exit 0", log, ports={"clients": port})

        with pytest.raises(StartError) as caught:
            child.start()

    assert str(caught.value) == (
        f"Another program has taken, on 127.0.0.1: port {port}, which Example (clients) needs. "
        "Stop that program (`ss -ltnp` shows it) or choose other ports by ISOBAR_LOCAL_*_PORT."
    )
    assert not log.exists()


def test_it_outlives_the_thread_that_started_it(sleeper: Child, log: Path) -> None:
    def start() -> None:
        sleeper.start()
        wait_for(log, "ready")

    starter = threading.Thread(target=start)
    starter.start()
    starter.join()

    with pytest.raises(StartError, match="Example did not end within 0 s"):
        sleeper.wait(0.3)


SUPERVISOR = """
import pathlib, sys, time
from local.child import Child
child = Child("Example", ["sh", "-c", "echo ready; exec sleep 600"], pathlib.Path(sys.argv[1]))
child.start()
print(child.pid, flush=True)
time.sleep(600)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's death")
def test_it_dies_with_a_supervisor_that_is_killed(log: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", SUPERVISOR, str(log)], stdout=subprocess.PIPE, text=True
    ) as supervisor:
        assert supervisor.stdout is not None
        pid = int(supervisor.stdout.readline())
        wait_for(log, "ready")

        supervisor.kill()

    deadline = time.monotonic() + PATIENCE_S
    while started_at(pid) is not None:
        assert time.monotonic() < deadline, "the child still runs"
        time.sleep(0.01)


def test_causes_are_told_without_javas_stack_frames(log: Path) -> None:
    trace = r"java.io.IOException: first\n\tat a.B.c(B.java:1)\nCaused by: second\n\t... 14 more"
    trace += r"\n12:00 INFO Driver - \tat d.E.f(E.java:2)"
    child = shell(f"printf '{trace}\\n'; exit 1", log)
    child.start()
    child.wait(PATIENCE_S)

    assert str(child.died()).endswith(":\n  | java.io.IOException: first\n  | Caused by: second")
