"""What `series_history` answers, as tables for the views behind it: the Java function itself, then DuckDB.

So the views are tested on real answers, and no test writes by hand what the function would say.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from jobs import anomalies, history, quality
from jobs.settings import JobSettings
from tests.fixtures.observations import NINE
from tests.unit.jobs.duck import COLUMNS, Duck
from tests.unit.jobs.harness import Functions

EPOCH = datetime.fromtimestamp(0, UTC)
USUAL = tuple(anomalies.SPREAD_FLOOR)
VARIABLES = tuple(dict.fromkeys([*history.TRACKED, *USUAL]))

ANSWERS = {
    "first_arrival": "BOOLEAN",
    "newest": "BOOLEAN",
    "late": "BOOLEAN",
    "previous_at": "TIMESTAMP",
    **{
        f"{name}_{part}": type_
        for name in history.TRACKED
        for part, type_ in (("previous", "DOUBLE"), ("since", "TIMESTAMP"), ("readings", "INT"))
    },
    **{
        f"{name}_usual_{part}": type_
        for name in USUAL
        for part, type_ in (("count", "INT"), ("mean", "DOUBLE"), ("deviation", "DOUBLE"))
    },
}
"""Columns of the function, in its order."""

TABLE = {"number": "INT", "climate": "INT", **COLUMNS, **ANSWERS}


def feed(java: Functions, duck: Duck, records: Sequence[dict[str, Any]]) -> None:
    """The table `histories` of records in the order in which they arrive; `at` is the hour after NINE."""
    rows = []
    for number, record in enumerate(records):
        row = {"source": "s", "station_id": "i", "revision": 0, "climate": quality.UNKNOWN, "number": number, **record}
        rows.append(row | {"observed_at": NINE + timedelta(hours=row.pop("at", number))})
    series = defaultdict[tuple[str, str], list[dict[str, Any]]](list)
    for row in rows:
        series[row["source"], row["station_id"]].append(row)
    for members in series.values():
        for row, answer in zip(members, _answers(java, members), strict=True):
            row.update(answer)
    duck.table("histories", TABLE, rows)


def _answers(java: Functions, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    settings = JobSettings()
    steps = [
        ("reading", _millis(row["observed_at"]), row["revision"], *(row.get(name) for name in VARIABLES))
        for row in rows
    ]
    found = java.series(
        "series_history",
        VARIABLES,
        steps,
        tracked=", ".join(history.TRACKED),
        usual=", ".join(USUAL),
        baseline_values=anomalies.DAYS,
        lateness_seconds=settings.out_of_orderness_s,
        retention_hours=settings.retention_h,
    )
    return [
        {name: _typed(value, ANSWERS[name]) for name, value in zip(ANSWERS, each["rows"][0], strict=True)}
        for each in found
    ]


def _millis(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(milliseconds=1)


def _typed(value: Any, type_: str) -> Any:
    return EPOCH + timedelta(milliseconds=value) if type_ == "TIMESTAMP" and value is not None else value
