"""What every test shares: a skip is a sentence on a laptop and a failure in CI.

A test that silently does not run guards nothing. On a laptop without a JDK a skip is fair, as long as it says why
(pytest's `-ra` prints the line); in CI (`CI=true`) everything is installed, so a skip means that the guard is broken.
"""

import os
from collections.abc import Generator

import pytest
from hypothesis import settings

IN_CI = os.environ.get("CI", "").lower() in {"1", "true", "yes"}

# No deadline: how long an example takes tells of the machine, not of the code. In CI: the same examples each time.
settings.register_profile("house", deadline=None, derandomize=IN_CI, print_blob=True)
settings.load_profile("house")


def _reason(longrepr: object) -> str:
    """The sentence of a skip, which pytest keeps as (path, line, text)."""
    if isinstance(longrepr, tuple) and len(longrepr) == 3:
        return str(longrepr[2]).removeprefix("Skipped: ")
    return str(longrepr)


def _refuse_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    if not IN_CI or report.outcome != "skipped" or hasattr(report, "wasxfail"):
        return
    report.outcome = "failed"
    report.longrepr = f"skipped in CI, where nothing may be skipped: {_reason(report.longrepr)}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    _refuse_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    _refuse_skip(report)
    return report
