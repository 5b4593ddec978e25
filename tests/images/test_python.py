"""The images of Python programs start as their user on a read-only root."""

from __future__ import annotations

import pytest

from tests.images.conftest import Run

# Several starts of a JVM or a server, each of which may take READY_TIMEOUT_S on a busy machine.
pytestmark = pytest.mark.timeout(400)

PYTHON = ("/opt/venv/bin/python",)


def test_the_producer_says_what_it_can_do(container: Run) -> None:
    code, output = container("producer", ["--help"]).run()

    assert code == 0
    assert "poll a weather provider" in output
    assert "replay a recorded year" in output


def test_the_sink_says_what_it_can_do(container: Run) -> None:
    code, output = container("sinks", ["--help"]).run()

    assert code == 0
    assert "{console,postgres}" in output


def test_a_wrong_setting_is_a_sentence_and_exit_code_2(container: Run) -> None:
    code, output = container("sinks", ["postgres"], env={"ISOBAR_SINKS_BATCH_ROWS": "many"}).run()

    assert code == 2
    assert "ISOBAR_SINKS_BATCH_ROWS is 'many'" in output


def test_the_job_prints_its_plan(container: Run) -> None:
    """By `python -m`, where PyFlink would start a server for Python workers if it were not told otherwise."""
    job = container("jobs", ["-m", "jobs.process_weather", "--describe"], entrypoint=PYTHON)
    code, output = job.run()

    assert code == 0, output
    assert "== Optimized Execution Plan ==" in output
    assert "Sink(table=[default_catalog.default_database.windows]" in output


def test_the_interpreter_finds_its_bytecode(container: Run) -> None:
    """On a read-only root what is not compiled beforehand is compiled again at every start."""
    script = (
        "import importlib.util, pathlib, contracts.settings, producer.replay, pydantic\n"
        "for module in (contracts.settings, producer.replay, pydantic):\n"
        "    assert pathlib.Path(importlib.util.cache_from_source(module.__file__)).exists(), module\n"
        "print('all compiled')"
    )
    assert container("producer", ["-c", script], entrypoint=PYTHON).run() == (0, "all compiled\n")
