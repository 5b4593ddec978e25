"""The verbs for a stack in the background: up, down, status, logs, psql, topics, env."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from rich.console import Console
from rich.table import Table

from contracts.kafka import confluent_admin
from local import supervisor
from local.errors import StartError
from local.ports import Ports
from local.postgres import DATABASE, USER
from local.stack import Stack
from local.state_file import StateFile

# The broker is on this machine: an answer takes milliseconds.
_METADATA_TIMEOUT_S = 10.0


def up(data_dir: Path, ports: Ports) -> int:
    supervisor.up(data_dir, ports)
    status(data_dir)
    print('eval "$(python -m local env)" points producer, job and sinks of this shell at it.')
    return 0


def down(data_dir: Path) -> int:
    stopped = supervisor.down(data_dir)
    print(f"Stopped: {', '.join(stopped)}." if stopped else f"Nothing is up in {data_dir}.")
    return 0


def status(data_dir: Path) -> int:
    """Exit code 0 when all runs, 3 when nothing is up (as systemd's services answer), 1 when a part is missing."""
    state = StateFile.read(data_dir)
    if state is None:
        print(f"Nothing is up in {data_dir}: `python -m local up` starts it.")
        return 3
    table = Table(box=None)
    for title in ("process", "pid", "state", "log"):
        table.add_column(title, no_wrap=True)
    processes = [state.supervisor, *state.children]
    for process in processes:
        table.add_row(process.name, str(process.pid), "running" if process.is_running() else "gone", process.log)
    Console(width=200).print(table)
    stack = Stack(data_dir, state.ports)
    print(f"Kafka {stack.broker.bootstrap_servers}, Flink {stack.flink.rest_url}, Postgres port {state.ports.postgres}")
    return 0 if all(process.is_running() for process in processes) else 1


def logs(data_dir: Path, component: str | None) -> int:
    """Follows the logs, or one whose name contains the word."""
    state = _running(data_dir)
    chosen = [p.log for p in state.children if component is None or component.lower() in p.name.lower()]
    if not chosen:
        names = ", ".join(process.name for process in state.children)
        raise StartError(f"No process is called like '{component}': expected a word of {names}.")
    os.execvp("tail", ["tail", "-n", "20", "-F", *chosen])


def psql(data_dir: Path, arguments: list[str]) -> int:
    postgres = Stack(data_dir, _running(data_dir).ports).postgres
    # By environment: an argument could be read by every user of the machine.
    env = {**os.environ, "PGPASSWORD": postgres.password}
    where = ["-h", "127.0.0.1", "-p", str(postgres.port), "-U", USER, "-d", DATABASE]
    os.execvpe(postgres.psql(), ["psql", *where, *arguments], env)


def topics(data_dir: Path) -> int:
    """Every topic with its partitions."""
    admin = confluent_admin(Stack(data_dir, _running(data_dir).ports).broker.client_settings)
    found = admin.list_topics(timeout=_METADATA_TIMEOUT_S).topics
    for name in sorted(name for name in found if not name.startswith("__")):
        print(f"{name:<40} {len(found[name].partitions)} partitions")
    return 0


def env(data_dir: Path) -> int:
    """Shell lines for `eval`; they hold the database's password, which is why nothing prints them unasked."""
    for name, value in Stack(data_dir, _running(data_dir).ports).environment.items():
        print(f"export {name}={shlex.quote(value)}")
    return 0


def _running(data_dir: Path) -> StateFile:
    state = StateFile.read(data_dir)
    if state is None or not state.supervisor.is_running():
        raise StartError(f"Nothing is up in {data_dir}: `python -m local up` starts it.")
    return state
