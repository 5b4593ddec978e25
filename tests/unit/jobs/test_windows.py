"""Windows by the job's own views: which a record belongs to, what a correction does, and how winds are averaged."""

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.schema import RECORDS
from jobs import windows
from jobs.settings import JobSettings
from tests.fixtures.observations import NINE
from tests.unit.jobs.duck import COLUMNS, Duck

DUCK = Duck()
ACCEPTED = {"row_time": "TIMESTAMP", **{name: type_ for name, type_ in COLUMNS.items() if name != "observed_at"}}


def found(*records: dict[str, Any], **settings: Any) -> list[dict[str, Any]]:
    """The windows of records; `at` is the minute after NINE."""
    rows = []
    for record in records:
        values = {"source": "s", "station_id": "i", "revision": 0, **record}
        rows.append(values | {"row_time": NINE + timedelta(minutes=values.pop("at", 0))})
    DUCK.table("accepted", ACCEPTED, rows)
    DUCK.run(windows.views(JobSettings(**settings)))
    return DUCK.rows("FROM window_rows ORDER BY window_kind, source, station_id, window_start")


def day(*records: dict[str, Any], **settings: Any) -> dict[str, Any]:
    """The one window of a day."""
    (row,) = [row for row in found(*records, **settings) if row["window_kind"] == "h24"]
    return row


def test_columns_are_those_of_the_contract_in_its_order() -> None:
    assert tuple(day({})) == RECORDS["weather_window"].names


@pytest.mark.parametrize(
    ("minute", "hour"), [(0, 0), (59, 0), (60, 1), (-1, -1)], ids=["at its start", "at its end", "next", "before"]
)
def test_a_record_belongs_to_five_windows(minute: int, hour: int) -> None:
    began = NINE + timedelta(hours=hour)
    midnight = NINE.replace(hour=0)

    assert [(row["window_kind"], row["window_start"], row["window_end"]) for row in found({"at": minute})] == [
        ("h1", began, began + timedelta(hours=1)),
        ("h24", midnight, midnight + timedelta(hours=24)),
        *(("h3", began - timedelta(hours=back), began + timedelta(hours=3 - back)) for back in (2, 1, 0)),
    ]


def test_what_a_window_says() -> None:
    row = day(
        {"at": 0, "temperature_c": 10.0, "precipitation_1h_mm": 0.5},
        {"at": 60, "temperature_c": 13.0, "precipitation_1h_mm": 1.25},
        {"at": 120, "temperature_c": 1.0},
        {"at": 180},
    )

    assert (row["observation_count"], row["temperature_count"], row["revision"]) == (4, 3, 4)
    assert (row["temperature_min_c"], row["temperature_max_c"], row["temperature_mean_c"]) == (1.0, 13.0, 8.0)
    assert row["precipitation_total_mm"] == 1.75
    assert row["completeness"] == 3 / 24


def test_what_was_never_reported_is_null_and_not_zero() -> None:
    row = day({})

    assert {name for name, value in row.items() if value is None} == {
        "temperature_min_c",
        "temperature_max_c",
        "temperature_mean_c",
        "wind_vector_speed_ms",
        "wind_vector_direction_deg",
        "precipitation_total_mm",
    }
    assert (row["temperature_count"], row["completeness"]) == (0, 0)


def test_completeness_counts_what_a_station_should_send() -> None:
    hourly = [row for row in found({"temperature_c": 1.0}, observations_per_hour=4.0) if row["window_kind"] == "h1"]

    assert hourly[0]["completeness"] == 0.25


def test_stations_and_sources_are_apart() -> None:
    rows = found({}, {"station_id": "j"}, {"source": "r"})

    assert len(rows) == 15
    assert {row["observation_count"] for row in rows} == {1}


def test_a_revision_replaces_what_it_revises() -> None:
    first = {"at": 0, "temperature_c": 10.0, "precipitation_1h_mm": 2.0}
    other = {"at": 60, "temperature_c": 20.0, "precipitation_1h_mm": 1.0}
    revised = first | {"temperature_c": 12.0, "revision": 1}

    before, after = day(first, other), day(first, other, revised)

    assert (before["temperature_mean_c"], before["revision"]) == (15.0, 2)
    assert (after["temperature_mean_c"], after["precipitation_total_mm"], after["revision"]) == (16.0, 3.0, 3)
    assert after["observation_count"] == 2
    assert day(revised, other, first) == after, "whichever came first"


RECORDS_OF_AN_HOUR = st.lists(
    st.fixed_dictionaries({"at": st.integers(0, 2), "revision": st.integers(0, 3)}), min_size=1, max_size=6
)


@settings(max_examples=12)
@given(RECORDS_OF_AN_HOUR)
def test_every_change_raises_the_revision_of_a_window(records: list[dict[str, int]]) -> None:
    """Consumers take the highest: a change under the same or a lower one would never be seen."""
    versions = []
    for length in range(1, len(records) + 1):
        arrived = [{**record, "temperature_c": record["revision"] + record["at"] / 10} for record in records[:length]]
        row = day(*arrived)
        versions.append((row.pop("revision"), row))

    for (earlier, was), (later, is_) in pairwise(versions):
        assert later >= earlier
        assert (later > earlier) or (is_ == was)


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
    winds: list[tuple[float | None, float | None]], speed: float | None, direction: float | None
) -> None:
    row = day(*({"at": n, "wind_speed_ms": v, "wind_direction_deg": d} for n, (v, d) in enumerate(winds)))
    turned = row["wind_vector_direction_deg"]

    assert row["wind_vector_speed_ms"] == (None if speed is None else pytest.approx(speed, abs=1e-8))
    assert (turned is None) == (direction is None)
    if direction is not None:
        assert 0 <= turned <= 360, "360 is north as well, in METAR and here"
        assert (turned - direction + 180) % 360 == pytest.approx(180)
