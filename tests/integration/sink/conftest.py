"""One broker and one Postgres for the folder; topics and a database of its own for each test."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from local.broker import Broker
from local.ports import free_port
from local.postgres import Postgres
from tests.integration.sink.harness import Harness, revive


@pytest.fixture(scope="session")
def data_dir() -> Iterator[Path]:
    """Not pytest's own: Postgres runs as another user when we are root, and may not enter that."""
    with tempfile.TemporaryDirectory(prefix="isobar-sink-", dir="/var/tmp") as name:
        path = Path(name)
        path.chmod(0o755)
        yield path


@pytest.fixture(scope="session")
def broker(data_dir: Path) -> Iterator[Broker]:
    broker = Broker(data_dir / "broker", free_port(), heap_mb=384)
    broker.start()
    try:
        broker.wait_ready()
        yield broker
    finally:
        broker.stop()


@pytest.fixture(scope="session")
def postgres(data_dir: Path) -> Iterator[Postgres]:
    postgres = Postgres(data_dir / "postgres", free_port())
    postgres.start()
    try:
        postgres.wait_ready()
        yield postgres
    finally:
        postgres.stop()


@pytest.fixture
def harness(broker: Broker, postgres: Postgres, tmp_path: Path) -> Iterator[Harness]:
    if not postgres.is_running():  # a test that stopped it failed before it started it again: that is one failure
        revive(postgres)
    harness = Harness(broker, postgres, f"t{uuid4().hex[:12]}", tmp_path)
    try:
        yield harness
    finally:
        harness.close()
