"""One stack for the folder; topics, a database and a job of its own for each test."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest

from local.stack import Stack
from tests.integration.job.harness import JobHarness

Make = Callable[..., JobHarness]


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """Not under pytest's own folder: Postgres runs as another user when we are root, and may not enter that."""
    folder = Path(tempfile.mkdtemp(prefix="isobar-job-"))
    with Stack(folder / "stack") as up:
        yield up
    shutil.rmtree(folder)


@contextmanager
def _harnesses(stack: Stack, folder: Path) -> Iterator[Make]:
    made: list[JobHarness] = []

    def make(family: str = "") -> JobHarness:
        made.append(JobHarness(stack, f"t{uuid4().hex[:12]}", folder, family))
        return made[-1]

    try:
        yield make
    finally:
        for each in made:
            each.close()


@pytest.fixture
def make(stack: Stack, tmp_path: Path) -> Iterator[Make]:
    """Makes harnesses; `family` is put before the topic prefix."""
    with _harnesses(stack, tmp_path) as maker:
        yield maker


@pytest.fixture(scope="module")
def module_make(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Make]:
    """The same for a run that several tests look at."""
    with _harnesses(stack, tmp_path_factory.mktemp("job")) as maker:
        yield maker
