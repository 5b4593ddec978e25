"""A figure shows what was measured, no more digits than a single run has, and whether the target is met."""

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from tests.bench import report
from tests.bench.report import Figure, Target


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.6154, "0.615"), (13.06, "13.1"), (999.6, "1,000"), (1234.0, "1,230"), (209_876.5, "210,000"), (0.0, "0")],
)
def test_three_digits_count(value: float, shown: str) -> None:
    assert report.number(value) == shown


def test_a_lower_bound_includes_itself_and_an_upper_bound_does_not() -> None:
    assert Target("at least", 25_000).is_met(25_000)
    assert not Target("at least", 25_000).is_met(24_999)
    assert not Target("below", 1000).is_met(1000)
    assert Target("below", 1000).is_met(999)


def test_a_missed_target_is_shown_and_written(tmp_path: Path) -> None:
    figure = Figure("sink", "Kafka → Postgres", 30_000, "rows/s", 100_000, "plain COPY", Target("at least", 40_000))
    out = io.StringIO()

    report.show([figure], Console(file=out, width=160))
    report.write(tmp_path / "build" / "bench.json", {"machine": "two cores"}, [figure])

    row = next(line for line in out.getvalue().splitlines() if "rows/s" in line)
    assert [cell.strip() for cell in row.strip("│").split("│")] == [
        "sink",
        "Kafka → Postgres",
        "30,000 rows/s",
        "100,000 plain COPY",
        "0.30",
        "≥ 40,000",
        "no",
    ]
    written = json.loads((tmp_path / "build" / "bench.json").read_text("utf-8"))
    assert written["header"] == {"machine": "two cores"}
    assert (written["figures"][0]["ratio"], written["figures"][0]["met"]) == (0.3, False)
