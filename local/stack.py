"""Broker, Flink and Postgres together, started at once and stopped in order."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from contracts.kafka import confluent_admin, create_topics
from contracts.settings import TopicSettings
from local.broker import Broker
from local.child import Child
from local.errors import StartError
from local.flink import Flink
from local.ports import Ports, check_ports_are_free
from local.postgres import Postgres


class Stack:
    """A context manager: up on entry, down on exit, also when the way up fails half-way."""

    def __init__(
        self,
        data_dir: Path,
        ports: Ports | None = None,
        *,
        broker: Broker | None = None,
        flink: Flink | None = None,
        postgres: Postgres | None = None,
    ) -> None:
        self.data_dir = data_dir.resolve()
        self.ports = ports or Ports.free()
        self.broker = broker or Broker(self.data_dir / "kafka", self.ports.broker, self.ports.controller)
        self.flink = flink or Flink(self.data_dir / "flink", self.ports.flink_rest, self.ports.flink_rpc)
        self.postgres = postgres or Postgres(self.data_dir / "postgres", self.ports.postgres)
        self._lock: IO[str] | None = None
        self.seconds: dict[str, float] = {}
        """How long each part took to be ready, for the demo's account of its start."""

    def __enter__(self) -> Self:
        self.up()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.down()

    @property
    def children(self) -> list[Child]:
        """In the order in which they are stopped."""
        return [*reversed(self.flink.children), self.postgres, self.broker]

    @property
    def kafka_environment(self) -> dict[str, str]:
        """What a component needs to find the broker, by the names that its settings read."""
        return {
            "ISOBAR_KAFKA_BOOTSTRAP_SERVERS": self.broker.bootstrap_servers,
            "ISOBAR_KAFKA_SECURITY_PROTOCOL": "PLAINTEXT",
        }

    @property
    def environment(self) -> dict[str, str]:
        """The same with the database, whose password it holds: only for what writes to it."""
        return {**self.kafka_environment, "ISOBAR_SINKS_POSTGRES_DSN": self.postgres.dsn}

    def up(self) -> None:
        """Start all three at once; returns when every one is ready and the topics exist."""
        with self.starting():
            pass

    @contextlib.contextmanager
    def starting(self) -> Iterator[Mapping[str, Future[None]]]:
        """The parts of a start that is under way, for a caller with something to do beside it; all ready on exit."""
        make_data_dir(self.data_dir)
        self._lock = lock(self.data_dir)
        try:
            # Every taken port at once, not one at each attempt, and before anything runs.
            check_ports_are_free(child.port_users for child in self.children)
            # The first to go: two JVMs start while the broker formats its storage.
            self.flink.start()
            with ThreadPoolExecutor(max_workers=3, thread_name_prefix="start") as starters:
                parts = {
                    "broker": starters.submit(self._timed, "broker", self._start_broker),
                    "flink": starters.submit(self._timed, "flink", self.flink.wait_ready),
                    "postgres": starters.submit(self._timed, "postgres", self._start_postgres),
                }
                try:
                    yield parts
                    for part in as_completed(parts.values()):
                        part.result()
                except BaseException:
                    # Ends the waiting for the others, whose errors would only be that they were stopped.
                    self._stop_children()
                    raise
        except BaseException:
            # Once more: a part may have been between two steps when the others were stopped.
            self.down()
            raise

    def down(self) -> None:
        """What reads is stopped before what is read from."""
        self._stop_children()
        if self._lock:
            self._lock.close()
            self._lock = None

    def _stop_children(self) -> None:
        self.flink.stop()
        self.postgres.stop()
        self.broker.stop()

    def create_topics(self) -> list[str]:
        """Create what the catalogue names and the broker lacks."""
        return create_topics(confluent_admin(self.broker.client_settings), TopicSettings.load().catalogue().all())

    def _start_broker(self) -> None:
        self.broker.start()
        self.broker.wait_ready()
        self.create_topics()

    def _start_postgres(self) -> None:
        self.postgres.start()
        self.postgres.wait_ready()

    def _timed(self, name: str, start: Callable[[], None]) -> None:
        began = time.monotonic()
        start()
        self.seconds[name] = time.monotonic() - began


def lock(data_dir: Path) -> IO[str]:
    """Held as long as the file stays open: two stacks on the same data would ruin it."""
    file = (data_dir / "lock").open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise StartError(
            f"Another stack is using {data_dir}: stop it (`python -m local down`, or Ctrl+C in its terminal) "
            "or choose another data directory."
        ) from None
    return file


def make_data_dir(data_dir: Path) -> None:
    """Open to pass through, since Postgres may run as another user, and closed to look into."""
    if not data_dir.exists():
        data_dir.mkdir(parents=True)
    if os.geteuid() == 0:
        data_dir.chmod(0o711)
