"""The real stack: what it listens on, what it survives, and that nothing outlives it."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import psycopg
import pytest

from contracts.kafka import confluent_admin
from contracts.topics import Catalogue
from local.child import Child
from local.errors import StartError
from local.paths import REPOSITORY
from local.ports import HOST, Ports
from local.processes import ProcessRecord, started_at
from local.stack import Stack
from tests.integration.sockets import listening_sockets

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

PATIENCE_S = 60.0


@pytest.fixture(scope="module")
def data_dir() -> Iterator[Path]:
    """Closed to others, as pytest's own are, and so for the user that Postgres runs as under root."""
    folder = Path(tempfile.mkdtemp(prefix="isobar-test-"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def stack(data_dir: Path) -> Iterator[Stack]:
    with Stack(data_dir / "stack") as up:
        yield up


def _topics(stack: Stack) -> set[str]:
    return set(confluent_admin(stack.broker.client_settings).list_topics(timeout=10).topics)


# ---- addresses ----


def _python_component(stack: Stack, name: str) -> Child:
    """A process that serves /metrics as every Python component of ours does."""
    script = (
        f"from contracts.metrics import serve; serve({stack.ports.sink_metrics}, 'test'); import time; time.sleep(600)"
    )
    return Child(name, [sys.executable, "-c", script], stack.data_dir / "python.log", cwd=REPOSITORY)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc/net")
def test_everything_listens_on_loopback_only(stack: Stack) -> None:
    standby = stack.flink.start_taskmanager()
    stack.flink.wait_taskmanagers(2)
    python = _python_component(stack, "Metrics")
    python.start()
    python.wait_until(lambda: bool(listening_sockets(python.pid)), PATIENCE_S)

    listening = {child.name: listening_sockets(child.pid) for child in [*stack.children, python]}
    python.stop()
    standby.stop()
    stack.flink.taskmanagers.remove(standby)

    addresses = {(name, address) for name, ports in listening.items() for address in ports.values()}
    assert addresses == {(name, HOST) for name in listening}
    # And the sockets that we know of are among those found: an empty list would prove nothing.
    assert {stack.ports.broker, stack.ports.controller} == set(listening["Kafka broker"])
    assert {stack.ports.flink_rest, stack.ports.flink_rpc} <= set(listening["Flink JobManager"])
    assert {stack.ports.postgres} == set(listening["Postgres"])
    assert {stack.ports.sink_metrics} == set(listening["Metrics"])
    assert len(listening["Flink TaskManager 2"]) >= 2


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc/net")
def test_a_socket_on_every_address_would_be_found() -> None:
    with socket.socket() as open_to_all:
        open_to_all.bind(("", 0))
        open_to_all.listen()

        assert listening_sockets(os.getpid())[open_to_all.getsockname()[1]] == socket.inet_ntoa(b"\0" * 4)


def test_postgres_wants_the_password(stack: Stack) -> None:
    without = f"postgresql://isobar@{HOST}:{stack.ports.postgres}/isobar"

    with pytest.raises(psycopg.OperationalError, match="no password supplied"):
        psycopg.connect(without)
    with psycopg.connect(stack.postgres.dsn) as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == (HOST,)


def test_the_catalogues_topics_exist(stack: Stack) -> None:
    assert {topic.name for topic in Catalogue().all()} <= _topics(stack)


# ---- crashes ----


def test_a_killed_broker_comes_back_with_its_topics(stack: Stack) -> None:
    stack.broker.kill()
    stack.broker.start()
    stack.broker.wait_ready()

    assert {topic.name for topic in Catalogue().all()} <= _topics(stack)


def test_a_killed_taskmanager_can_be_started_again(stack: Stack) -> None:
    taskmanager = stack.flink.taskmanagers[0]
    taskmanager.kill()
    assert not stack.flink.is_running()
    taskmanager.start()
    stack.flink.wait_ready()

    assert stack.flink.is_running()


def test_a_script_that_fails_is_told_with_its_own_error(stack: Stack, tmp_path: Path) -> None:
    script = tmp_path / "broken.py"
    script.write_text("raise SystemExit('no such table: weather')\n")

    with pytest.raises(StartError) as caught:
        stack.flink.submit(script, {})

    assert str(caught.value).startswith("Job broken could not be submitted (exit code ")
    assert "no such table: weather" in str(caught.value)


def test_a_data_directory_serves_one_stack_at_a_time(stack: Stack) -> None:
    with pytest.raises(StartError) as caught:
        Stack(stack.data_dir).up()

    assert str(caught.value) == (
        f"Another stack is using {stack.data_dir}: stop it (`python -m local down`, or Ctrl+C in its terminal) "
        "or choose another data directory."
    )


# ---- the stack in the background ----


def _local(data_dir: Path, ports: Ports, *words: str) -> subprocess.CompletedProcess[str]:
    variables = {f"ISOBAR_LOCAL_{name}_PORT".upper(): str(port) for name, port in asdict(ports).items()}
    command = [sys.executable, "-m", "local", "--data-dir", str(data_dir), *words]
    return subprocess.run(
        command,
        cwd=REPOSITORY,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )


def test_up_status_psql_topics_down_and_up_again_on_other_ports(data_dir: Path) -> None:
    folder = data_dir / "background"
    first, second = Ports.free(), Ports.free()

    up = _local(folder, first, "up")
    assert up.returncode == 0, up.stderr
    recorded = [ProcessRecord(**process) for process in json.loads((folder / "stack.json").read_text())["children"]]
    assert all(process.is_running() for process in recorded)
    made = _local(folder, first, "psql", "--", "-c", "CREATE TABLE kept AS SELECT 42 AS answer")
    assert made.returncode == 0, made.stderr
    assert "weather.observations.dlq" in _local(folder, first, "topics").stdout
    password = (folder / "postgres" / "password").read_text().strip()
    status = _local(folder, first, "status")
    assert status.returncode == 0
    assert password not in up.stdout + status.stdout
    assert password in _local(folder, first, "env").stdout
    again = _local(folder, first, "up")
    assert (again.returncode, again.stderr) == (
        1,
        f"error: The stack of {folder} is already up: `python -m local status` shows it.\n",
    )

    down = _local(folder, first, "down")
    assert down.stdout == "Stopped: Supervisor, Flink TaskManager, Flink JobManager, Postgres, Kafka broker.\n"
    assert not any(process.is_running() for process in recorded)
    assert _local(folder, first, "status").returncode == 3

    assert _local(folder, second, "up").returncode == 0
    kept = _local(folder, second, "psql", "--", "-At", "-c", "SELECT answer FROM kept")
    assert kept.stdout.strip() == "42"
    assert "weather.observations.dlq" in _local(folder, second, "topics").stdout
    assert _local(folder, second, "down").returncode == 0


def test_a_taken_port_is_one_sentence_and_nothing_stays(data_dir: Path) -> None:
    folder, ports = data_dir / "taken", Ports.free()
    with socket.socket() as taken, socket.socket() as also_taken:
        taken.bind((HOST, ports.postgres))
        also_taken.bind((HOST, ports.flink_rest))

        up = _local(folder, ports, "up")

    assert up.returncode == 1
    assert up.stderr == (
        "error: Another program has taken, on 127.0.0.1: "
        f"port {ports.flink_rest}, which Flink JobManager (REST) needs; "
        f"port {ports.postgres}, which Postgres (clients) needs. "
        "Stop that program (`ss -ltnp` shows it) or choose other ports by ISOBAR_LOCAL_*_PORT.\n"
    )
    assert not (folder / "stack.json").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's death")
def test_children_die_with_a_killed_supervisor(data_dir: Path) -> None:
    folder, ports = data_dir / "crash", Ports.free()
    assert _local(folder, ports, "up").returncode == 0
    state = json.loads((folder / "stack.json").read_text())

    os.kill(state["supervisor"]["pid"], signal.SIGKILL)

    deadline = time.monotonic() + PATIENCE_S
    while alive := [child["name"] for child in state["children"] if started_at(child["pid"]) == child["started"]]:
        assert time.monotonic() < deadline, alive
        time.sleep(0.1)
    assert re.search(r"^Nothing is up", _local(folder, ports, "down").stdout)
