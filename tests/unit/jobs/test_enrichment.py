"""From accepted records to enriched ones by the job's own views: flags in arrival order, first arrivals only."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from contracts.schema import RECORDS
from jobs import enrichment, quality
from tests.fixtures.observations import NINE
from tests.unit.jobs.duck import Duck
from tests.unit.jobs.harness import Functions
from tests.unit.jobs.histories import feed

DUCK = Duck()
NAMES = RECORDS["weather_enriched"].names


def enriched(java: Functions, *records: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows of records that arrive one after the other; `at` is the hour after NINE."""
    feed(java, DUCK, records)
    DUCK.create(enrichment.views())
    found = DUCK.rows("FROM enriched_rows ORDER BY source, station_id, observed_at")
    return [dict(zip(NAMES, row.values(), strict=True)) for row in found]


def test_columns_are_those_of_the_contract_in_its_order(java: Functions) -> None:
    """The job inserts them by place: two that changed places would be written without a word."""
    (row,) = enriched(java, {})
    columns = [name for name, *_ in DUCK.connection.execute("DESCRIBE enriched_rows").fetchall()]

    assert [(at, name) for at, name in enumerate(columns) if name.isidentifier() and name != NAMES[at]] == []
    assert (row["quality"], row["quality_flags"]) == ("good", None)


def test_what_is_missing_is_derived_and_said(java: Functions) -> None:
    given = {"temperature_c": 20.0, "humidity_pct": 50.0, "pressure_station_hpa": 950.0, "elevation_m": 500.0}
    (row,) = enriched(java, {**given, "wind_speed_ms": 10.0})

    assert row["dew_point_c"] == pytest.approx(9.26, abs=0.005)
    assert row["pressure_sea_level_hpa"] == pytest.approx(1006.40, abs=0.01)
    assert row["pressure_station_hpa"] == 950.0
    assert (row["beaufort"], row["wind_chill_c"]) == (5, None)
    assert row["heat_index_c"] == pytest.approx(19.36, abs=0.005)
    assert (row["quality"], row["quality_flags"]) == ("good", "derived:dew_point_c,derived:pressure_sea_level_hpa")


def test_what_is_given_is_kept(java: Functions) -> None:
    given = {"temperature_c": 20.0, "humidity_pct": 50.0, "dew_point_c": 8.5, "pressure_sea_level_hpa": 1000.0}
    (row,) = enriched(java, {**given, "pressure_station_hpa": 950.0, "elevation_m": 500.0})

    assert (row["dew_point_c"], row["pressure_sea_level_hpa"], row["quality_flags"]) == (8.5, 1000.0, None)


def test_suspicions_stand_before_what_was_derived(java: Functions) -> None:
    cold, hot = {"temperature_c": 10.0}, {"temperature_c": 51.0, "humidity_pct": 20.0}

    assert [(row["quality"], row["quality_flags"]) for row in enriched(java, cold, hot)] == [
        ("good", None),
        ("suspect", "range:temperature_c,step:temperature_c,derived:dew_point_c"),
    ]


def test_a_derived_dew_point_is_no_contradiction(java: Functions) -> None:
    """Only a dew point that was reported can contradict the temperature that was reported."""
    (row,) = enriched(java, {"temperature_c": 20.0, "humidity_pct": 100.0})

    assert row["quality_flags"] == "derived:dew_point_c"


def test_only_the_first_arrival_is_a_row(java: Functions) -> None:
    rows = enriched(
        java,
        {"at": 0, "temperature_c": 1.0},
        {"at": 0, "temperature_c": 9.0, "revision": 1},
        {"at": 0, "temperature_c": 1.0},
        {"at": 0, "temperature_c": 2.0, "station_id": "j"},
        {"at": 0, "temperature_c": 3.0, "source": "r"},
    )

    assert [(row["source"], row["station_id"], row["temperature_c"]) for row in rows] == [
        ("r", "i", 3.0),
        ("s", "i", 1.0),
        ("s", "j", 2.0),
    ]


def test_a_step_is_seen_within_a_station_only(java: Functions) -> None:
    rows = enriched(
        java,
        {"at": 0, "temperature_c": 0.0},
        {"at": 1, "temperature_c": 20.0, "station_id": "j"},
        {"at": 1, "temperature_c": 4.0},
        {"at": 2, "temperature_c": 8.5},
        {"at": 14, "temperature_c": -12.0},
        {"at": 27, "temperature_c": 30.0},
    )

    flagged = {(row["station_id"], hour(row["observed_at"])): row["quality_flags"] for row in rows}
    assert flagged == {
        ("i", 0): None,
        ("j", 1): None,
        ("i", 1): None,
        ("i", 2): "step:temperature_c",
        ("i", 14): None,  # 20.5 in 12 h
        ("i", 27): None,  # 13 h: too long ago to compare
    }


def hour(moment: datetime) -> int:
    return int((moment - NINE) / timedelta(hours=1))


def test_a_repeat_between_two_readings_hides_no_step(java: Functions) -> None:
    rows = enriched(
        java, {"at": 0, "temperature_c": 0.0}, {"at": 0, "temperature_c": 0.0}, {"at": 1, "temperature_c": 9.0}
    )

    assert [row["quality_flags"] for row in rows] == [None, "step:temperature_c"]


@pytest.mark.parametrize(("field", "hours"), quality.PERSISTENCE_H.items())
def test_a_sensor_that_stands_still_is_stuck_from_its_hour_on(java: Functions, field: str, hours: int) -> None:
    rows = enriched(java, *({field: 1000.0 if "pressure" in field else 7.0} for _ in range(hours + 2)))

    assert [hour(row["observed_at"]) for row in rows if row["quality_flags"]] == [hours, hours + 1]
    assert {row["quality_flags"] for row in rows[hours:]} == {f"stuck:{field}"}


def test_a_change_or_a_gap_ends_a_run(java: Functions) -> None:
    hours = quality.PERSISTENCE_H["temperature_c"]
    moved = [7.0] * (hours - 1) + [7.1] + [7.0] * (hours - 1)
    missing = [7.0] * (hours - 1) + [None] + [7.0] * (hours - 1)

    assert {row["quality_flags"] for row in enriched(java, *({"temperature_c": value} for value in moved))} == {None}
    assert {row["quality_flags"] for row in enriched(java, *({"temperature_c": value} for value in missing))} == {None}


def test_few_readings_over_a_long_time_are_a_gap_and_not_a_stuck_sensor(java: Functions) -> None:
    rows = enriched(java, *({"at": at, "temperature_c": 7.0} for at in (0, 1, 2, 30, 31)))

    assert {row["quality_flags"] for row in rows} == {None}
