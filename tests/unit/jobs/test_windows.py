"""From the sums of windows to the columns of the contract, by the job's own views; the sums are of `series_windows`."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from contracts.schema import RECORDS
from jobs import windows
from jobs.settings import JobSettings
from tests.fixtures.observations import NINE
from tests.unit.jobs.duck import COLUMNS, Duck
from tests.unit.jobs.harness import Functions

DUCK = Duck()
EPOCH = datetime.fromtimestamp(0, UTC)
ACCEPTED = {"never_late": "TIMESTAMP", **COLUMNS}
SUMS = {
    "source": "VARCHAR",
    "station_id": "VARCHAR",
    "window_hours": "INT",
    "window_start": "TIMESTAMP",
    "window_end": "TIMESTAMP",
    "revision": "BIGINT",
    "observation_count": "BIGINT",
    **{
        f"{name}_{part}": type_
        for name in windows.SUMMED
        for part, type_ in (("count", "BIGINT"), ("sum", "DOUBLE"), ("min", "DOUBLE"), ("max", "DOUBLE"))
    },
}
"""Columns of the function, in its order."""


def found(java: Functions, *records: dict[str, Any], **settings: Any) -> list[dict[str, Any]]:
    """The windows of one station's records; `at` is the minute after NINE."""
    job_settings = JobSettings(**settings)
    rows = []
    for record in records:
        values = {"source": "s", "station_id": "i", "revision": 0, **record}
        rows.append(values | {"observed_at": NINE + timedelta(minutes=values.pop("at", 0))})
    DUCK.table("accepted", ACCEPTED, rows)
    summands, sums, result = windows.views(job_settings)
    DUCK.create([summands])
    steps: list[Any] = [
        (
            "reading",
            (row["observed_at"] - EPOCH) // timedelta(milliseconds=1),
            row["revision"],
            *(row[name] for name in windows.SUMMED),
        )
        for row in DUCK.rows("FROM summands")
    ]
    kinds = ", ".join(f"{hours}/{step}" for hours, step in windows.KINDS)
    *_, said = java.series(
        "series_windows",
        windows.SUMMED,
        [*steps, ("watermark", 2**62)],
        kinds=kinds,
        retention_hours=job_settings.retention_h,
    )
    DUCK.table("sums", SUMS, [_named(row) for row in said["rows"]])
    means, _, _ = sums.query.partition(" FROM ")
    DUCK.connection.execute(f"CREATE OR REPLACE TEMPORARY VIEW window_sums AS {means} FROM sums")
    DUCK.create([result])
    return DUCK.rows("FROM window_rows ORDER BY window_kind, window_start")


def _named(row: list[Any]) -> dict[str, Any]:
    named = dict(zip(SUMS, ["s", "i", *row], strict=True))
    for name in ("window_start", "window_end"):
        named[name] = EPOCH + timedelta(milliseconds=named[name])
    return named


def day(java: Functions, *records: dict[str, Any], **settings: Any) -> dict[str, Any]:
    """The one window of a day."""
    (row,) = [row for row in found(java, *records, **settings) if row["window_kind"] == "h24"]
    return row


def test_columns_are_those_of_the_contract_in_its_order(java: Functions) -> None:
    assert tuple(day(java, {})) == RECORDS["weather_window"].names


@pytest.mark.parametrize(
    ("minute", "hour"), [(0, 0), (59, 0), (60, 1), (-1, -1)], ids=["at its start", "at its end", "next", "before"]
)
def test_a_record_belongs_to_five_windows(java: Functions, minute: int, hour: int) -> None:
    began = NINE + timedelta(hours=hour)
    midnight = NINE.replace(hour=0)

    rows = found(java, {"at": minute})
    assert [(row["window_kind"], row["window_start"], row["window_end"]) for row in rows] == [
        ("h1", began, began + timedelta(hours=1)),
        ("h24", midnight, midnight + timedelta(hours=24)),
        *(("h3", began - timedelta(hours=back), began + timedelta(hours=3 - back)) for back in (2, 1, 0)),
    ]


def test_what_a_window_says(java: Functions) -> None:
    row = day(
        java,
        {"at": 0, "temperature_c": 10.0, "precipitation_1h_mm": 0.5},
        {"at": 60, "temperature_c": 13.0, "precipitation_1h_mm": 1.25},
        {"at": 120, "temperature_c": 1.0},
        {"at": 180},
    )

    assert (row["observation_count"], row["temperature_count"], row["revision"]) == (4, 3, 4)
    assert (row["temperature_min_c"], row["temperature_max_c"], row["temperature_mean_c"]) == (1.0, 13.0, 8.0)
    assert row["precipitation_total_mm"] == 1.75
    assert row["completeness"] == 3 / 24


def test_what_was_never_reported_is_null_and_not_zero(java: Functions) -> None:
    row = day(java, {})

    assert {name for name, value in row.items() if value is None} == {
        "temperature_min_c",
        "temperature_max_c",
        "temperature_mean_c",
        "wind_vector_speed_ms",
        "wind_vector_direction_deg",
        "precipitation_total_mm",
    }
    assert (row["temperature_count"], row["completeness"]) == (0, 0)


def test_completeness_counts_what_a_station_should_send(java: Functions) -> None:
    rows = found(java, {"temperature_c": 1.0}, observations_per_hour=4.0)

    assert [row["completeness"] for row in rows if row["window_kind"] == "h1"] == [0.25]


@pytest.mark.parametrize(
    ("winds", "speed", "direction"),
    [
        ([(10.0, 90.0)], 10.0, 90.0),
        ([(10.0, 350.0), (10.0, 10.0)], 9.84807753, 0.0),
        ([(10.0, 260.0), (10.0, 280.0)], 9.84807753, 270.0),
        ([(4.0, 225.0)], 4.0, 225.0),
        ([(10.0, 0.0), (10.0, 180.0)], 0.0, None),  # they cancel: what is left is rounding
        ([(0.0, 0.0)], 0.0, None),
        ([(5.0, None), (None, 90.0)], None, None),
    ],
)
def test_winds_are_averaged_as_vectors(
    java: Functions,
    winds: list[tuple[float | None, float | None]],
    speed: float | None,
    direction: float | None,
) -> None:
    row = day(java, *({"at": n, "wind_speed_ms": v, "wind_direction_deg": d} for n, (v, d) in enumerate(winds)))
    turned = row["wind_vector_direction_deg"]

    assert row["wind_vector_speed_ms"] == (None if speed is None else pytest.approx(speed, abs=1e-8))
    assert (turned is None) == (direction is None)
    if direction is not None:
        assert 0 <= turned <= 360, "360 is north as well, in METAR and here"
        assert (turned - direction + 180) % 360 == pytest.approx(180)
