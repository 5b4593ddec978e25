"""No setting of the machine that runs the tests reaches them; one JVM for all tests of the Java functions."""

import os
from collections.abc import Iterator

import pytest

from tests.unit.jobs.harness import Functions


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("ISOBAR_")]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def java(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Functions]:
    """The functions, compiled and running."""
    functions = Functions(tmp_path_factory.mktemp("functions"))
    yield functions
    functions.close()
