"""A recorded process is recognised, and a stranger under its pid is left alone."""

import dataclasses
import os
import signal
import subprocess
from pathlib import Path

from local import supervisor
from local.ports import Ports
from local.processes import ProcessRecord, started_at
from local.state_file import StateFile


def sleeper() -> subprocess.Popen[bytes]:
    return subprocess.Popen(["sleep", "600"])


def test_a_running_process_is_recognised_until_it_ends() -> None:
    process = sleeper()
    record = ProcessRecord.of("Example", process.pid, Path("example.log"))

    assert record.is_running()
    process.kill()
    process.wait()
    assert not record.is_running()


def test_what_was_killed_and_not_reaped_counts_as_gone() -> None:
    process = sleeper()
    record = ProcessRecord.of("Example", process.pid, Path("example.log"))
    process.kill()

    assert record.wait_gone(20)
    process.wait()


def test_a_stranger_under_a_recorded_pid_is_left_alone(tmp_path: Path) -> None:
    process = sleeper()
    stranger = dataclasses.replace(ProcessRecord.of("Broker", process.pid, Path("x")), started="long ago")
    StateFile(stranger, [stranger], Ports(), ready=True).write(tmp_path)

    stranger.signal(signal.SIGKILL)
    stopped = supervisor.down(tmp_path)

    assert stopped == []
    assert process.poll() is None
    process.kill()
    process.wait()


def test_down_stops_orphans_whose_supervisor_is_gone(tmp_path: Path) -> None:
    process = sleeper()
    gone = ProcessRecord("Supervisor", os.getpid(), "long ago", "x")
    StateFile(gone, [ProcessRecord.of("Broker", process.pid, Path("x"))], Ports(), ready=True).write(tmp_path)

    assert supervisor.down(tmp_path) == ["Broker"]
    assert process.wait(20) == -signal.SIGTERM
    assert StateFile.read(tmp_path) is None


def test_no_process_has_no_start() -> None:
    process = subprocess.Popen(["true"])
    process.wait()

    assert started_at(process.pid) is None


def test_the_state_file_reads_as_it_was_written(tmp_path: Path) -> None:
    record = ProcessRecord("Broker", 12, "34", "/x/broker.log")
    state = StateFile(record, [record], Ports(broker=1234), ready=True)
    state.write(tmp_path)

    assert StateFile.read(tmp_path) == state
