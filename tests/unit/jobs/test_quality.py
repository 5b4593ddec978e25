"""Limits as published, and the SQL made of them at every limit: at it, and just beyond."""

import math
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.schema import RECORDS, Kind
from jobs import quality
from jobs.quality import CLIMATES, LIMITS, PERSISTENCE_H, STEPS, UNKNOWN, Limit, Range
from tests.fixtures.observations import NINE
from tests.unit.jobs.duck import COLUMNS, Duck

DUCK = Duck()
BY_FIELD = {limit.field: limit for limit in LIMITS}
CLIMATE = {"climate": "INT"}

# ---- the table ----


def test_every_number_of_an_observation_has_limits() -> None:
    assert sorted(BY_FIELD) == sorted(f.name for f in RECORDS["weather_observation"].fields if f.kind is Kind.DOUBLE)


@pytest.mark.parametrize("limit", LIMITS, ids=lambda limit: limit.field)
def test_a_limit_is_sane(limit: Limit) -> None:
    assert len(limit.good) in (1, len(CLIMATES))
    assert len(limit.possible) in (1, len(CLIMATES))
    for climate in range(len(CLIMATES)):
        good, possible = in_climate(limit.good, climate), in_climate(limit.possible, climate)
        assert possible[0] <= good[0] < good[1] <= possible[1], CLIMATES[climate]


@pytest.mark.parametrize("limit", [limit for limit in LIMITS if len(limit.good) > 1], ids=lambda limit: limit.field)
def test_where_the_climate_is_unknown_all_are_allowed(limit: Limit) -> None:
    for ranges in (limit.good, limit.possible):
        known = ranges[:UNKNOWN]
        assert ranges[UNKNOWN] == (min(low for low, _ in known), max(high for _, high in known))


@pytest.mark.parametrize(
    ("climate", "field", "good", "possible"),
    [
        # WMO-No.305 chapter 6: suspect | erroneous
        (0, "pressure_sea_level_hpa", (940, 1080), (910, 1100)),
        (0, "temperature_c", (-80, 35), (-90, 40)),
        (0, "dew_point_c", (-85, 30), (-99, 35)),
        (0, "wind_speed_ms", (0, 50), (0, 100)),
        (1, "pressure_sea_level_hpa", (950, 1080), (920, 1100)),
        (1, "temperature_c", (-30, 40), (-40, 50)),
        (1, "dew_point_c", (-35, 35), (-45, 40)),
        (1, "wind_speed_ms", (0, 40), (0, 75)),
        (2, "temperature_c", (-30, 50), (-40, 55)),
        (2, "pressure_sea_level_hpa", (910, 1080), (870, 1100)),
        (2, "wind_speed_ms", (0, 60), (0, 125)),
        (3, "temperature_c", (-20, 50), (-30, 60)),
        (3, "pressure_sea_level_hpa", (900, 1080), (850, 1100)),
        (3, "wind_speed_ms", (0, 90), (0, 150)),
        (UNKNOWN, "pressure_station_hpa", (400, 1080), (300, 1100)),
    ],
)
def test_limits_as_published(climate: int, field: str, good: Range, possible: Range) -> None:
    limit = BY_FIELD[field]

    assert (in_climate(limit.good, climate), in_climate(limit.possible, climate)) == (good, possible)


def in_climate(ranges: tuple[Range, ...], climate: int) -> Range:
    return ranges[climate if len(ranges) > 1 else 0]


# ---- climate ----


@pytest.mark.parametrize(
    ("lat", "month", "climate"),
    [
        (51.5, 1, "high latitude, winter"),
        (51.5, 3, "high latitude, winter"),
        (51.5, 4, "high latitude, summer"),
        (51.5, 9, "high latitude, summer"),
        (51.5, 10, "high latitude, winter"),
        (-54.8, 1, "high latitude, summer"),
        (-54.8, 7, "high latitude, winter"),
        (45.0, 12, "low latitude, winter"),
        (45.01, 12, "high latitude, winter"),
        (-45.0, 12, "low latitude, summer"),
        (0.0, 7, "low latitude, summer"),
        (-33.9, 6, "low latitude, winter"),
        (None, 6, "unknown"),
    ],
)
def test_climate_by_latitude_and_season(lat: float | None, month: int, climate: str) -> None:
    found = DUCK.evaluate(quality.climate(), lat=lat, observed_at=datetime(2026, month, 15, tzinfo=UTC))

    assert CLIMATES[found] == climate


# ---- ranges ----


def edges(side: Literal["good", "possible"], *, beyond: bool) -> list[tuple[str, dict[str, Any]]]:
    """Field and record of every limit in every climate, at it or just beyond."""
    found = []
    for limit in LIMITS:
        for climate in range(len(CLIMATES)):
            low, high = in_climate(getattr(limit, side), climate)
            if beyond:
                low, high = math.nextafter(low, -math.inf), math.nextafter(high, math.inf)
            found += [(limit.field, {"climate": climate, limit.field: value}) for value in (low, high)]
    return found


def over(records: list[dict[str, Any]], expression: str) -> list[Any]:
    """The values of an expression, one for each record."""
    DUCK.table("records", {"id": "INT", **COLUMNS, **CLIMATE}, [{"id": n, **r} for n, r in enumerate(records)])
    return [row["found"] for row in DUCK.rows(f"SELECT {expression} AS found FROM records ORDER BY id")]


def test_beyond_what_is_possible_a_value_is_erroneous() -> None:
    at, beyond = edges("possible", beyond=False), edges("possible", beyond=True)

    assert over([record for _, record in at], quality.erroneous_field()) == [None] * len(at)
    named = [name.split()[0] for name in over([record for _, record in beyond], quality.erroneous_field())]
    assert named == [field for field, _ in beyond]


def flags(expression: str, types: dict[str, str], **values: Any) -> list[str]:
    """The flags as the job joins them."""
    joined: str = DUCK.evaluate(f"CONCAT_WS(',', {expression})", types, **values)
    return joined.split(",") if joined else []


def test_beyond_what_is_good_a_value_is_suspect() -> None:
    """Where nothing lies between good and impossible, there is no flag: the record is refused."""
    at, beyond = edges("good", beyond=False), edges("good", beyond=True)
    joined = f"CONCAT_WS(',', {quality.range_flags()})"
    graded = {field for field, limit in BY_FIELD.items() if limit.good != limit.possible}

    assert over([record for _, record in at], joined) == [""] * len(at)
    assert over([record for _, record in beyond], joined) == [
        f"range:{field}" if field in graded else "" for field, _ in beyond
    ]
    assert len(graded) == 5


@settings(max_examples=20)
@given(climate=st.integers(0, UNKNOWN), data=st.data())
def test_what_is_ordinary_is_good_in_every_climate(climate: int, data: st.DataObject) -> None:
    """`ordinary` lets nearly all records past the exact limits, so it must never pass what they would not."""
    values = {
        field: data.draw(
            st.none() | st.sampled_from([edge for pair in limit.good for edge in pair]) | st.floats(*limit.good[-1])
        )
        for field, limit in BY_FIELD.items()
    }
    ordinary, erroneous, suspect = DUCK.evaluate(
        [quality.ordinary(), quality.erroneous_field(), f"CONCAT_WS(',', {quality.range_flags()})"],
        CLIMATE,
        climate=climate,
        **values,
    )

    assert ordinary in (True, False), "never null: the job branches on it"
    assert not ordinary or (erroneous, suspect) == (None, "")


def test_an_ordinary_day_is_ordinary() -> None:
    """Or every record would take the slow way."""
    day = {
        "temperature_c": 12.3,
        "dew_point_c": 8.0,
        "pressure_sea_level_hpa": 1013.2,
        "wind_speed_ms": 4.0,
        "humidity_pct": 75.0,
        "wind_direction_deg": 360.0,
        "lat": -33.9,
        "lon": 151.2,
    }
    assert DUCK.evaluate(quality.ordinary(), **day) is True
    assert DUCK.evaluate(quality.ordinary()) is True
    for limit in LIMITS:
        assert DUCK.evaluate(quality.ordinary(), **day | {limit.field: 1e6}) is False, limit.field


# ---- steps ----

STEP_COLUMNS = {"hours": "DOUBLE", **{f"{field}_previous": "DOUBLE" for field in STEPS}}


def stepped(field: str, change: float, hours: float | None) -> list[str]:
    before = 1000.0 if field.startswith("pressure") else 0.0
    values = {field: before + change, f"{field}_previous": before, "hours": hours}
    return flags(", ".join(quality.step_flags()), STEP_COLUMNS, **values)


def test_steps_as_published() -> None:
    """WMO-No.305 chapter 6, tolerance of changes over time."""
    assert STEPS == {
        "temperature_c": {1: 4, 2: 7, 3: 9, 6: 15, 12: 25},
        "dew_point_c": {1: 4, 2: 6, 3: 8, 6: 12, 12: 20},
        "pressure_sea_level_hpa": {1: 3, 2: 6, 3: 9, 6: 18, 12: 36},
    }


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(("field", "hours"), [(field, hours) for field, limits in STEPS.items() for hours in limits])
def test_a_step_is_a_change_beyond_the_limit_of_its_hours(field: str, hours: int, sign: int) -> None:
    limit = STEPS[field][hours]

    assert stepped(field, sign * limit, hours) == []
    assert stepped(field, sign * (limit + 0.5), hours) == [f"step:{field}"]
    assert stepped(field, sign * (limit + 0.5), hours - 0.5) == [f"step:{field}"], "less time allows no more"


@pytest.mark.parametrize("field", STEPS)
def test_between_two_times_the_longer_one_counts(field: str) -> None:
    assert stepped(field, STEPS[field][6], 4) == []
    assert stepped(field, STEPS[field][6] + 0.5, 4) == [f"step:{field}"]


@pytest.mark.parametrize("field", STEPS)
@pytest.mark.parametrize("hours", [None, 0.0, -1.0, 12.01])
def test_no_step_without_a_recent_earlier_value(field: str, hours: float | None) -> None:
    """A first record, a repeat, one that came out of order, and one after a gap."""
    assert stepped(field, 60.0, hours) == []


@pytest.mark.parametrize("field", STEPS)
def test_no_step_from_or_to_a_missing_value(field: str) -> None:
    expression = ", ".join(quality.step_flags())

    assert flags(expression, STEP_COLUMNS, hours=1.0, **{field: 5.0}) == []
    assert flags(expression, STEP_COLUMNS, hours=1.0, **{f"{field}_previous": 5.0}) == []


# ---- persistence ----

RUN_COLUMNS = {f"{field}_since": "TIMESTAMP" for field in PERSISTENCE_H}
RUN_COLUMNS |= {f"{field}_readings": "INT" for field in PERSISTENCE_H}


@pytest.mark.parametrize(("field", "hours"), PERSISTENCE_H.items())
@pytest.mark.parametrize(
    ("less", "readings", "value", "stuck"),
    [
        (timedelta(0), 6, 7.0, True),
        (timedelta(0), 60, 7.0, True),
        (timedelta(seconds=1), 60, 7.0, False),  # not long enough
        (timedelta(0), 5, 7.0, False),  # too few: a gap
        (timedelta(0), 6, None, False),
    ],
)
def test_a_sensor_is_stuck_after_hours_and_readings(
    field: str, hours: int, less: timedelta, readings: int, value: float | None, stuck: bool
) -> None:
    now = NINE
    run = {field: value, f"{field}_since": now - timedelta(hours=hours) + less, f"{field}_readings": readings}
    found = flags(", ".join(quality.stuck_flags()), RUN_COLUMNS, observed_at=now, **run)

    assert found == ([f"stuck:{field}"] if stuck else [])


# ---- consistency ----


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"reported_dew_point_c": 10.0, "temperature_c": 10.0}, []),
        ({"reported_dew_point_c": 10.1, "temperature_c": 10.0}, ["inconsistent:dew_point_c"]),
        ({"reported_dew_point_c": 10.1}, []),
        ({"wind_gust_ms": 5.0, "wind_speed_ms": 5.0}, []),
        ({"wind_gust_ms": 4.9, "wind_speed_ms": 5.0}, ["inconsistent:wind_gust_ms"]),
        ({"wind_gust_ms": 4.9}, []),
    ],
)
def test_values_of_one_record_agree(values: dict[str, float], expected: list[str]) -> None:
    found = flags(", ".join(quality.consistency_flags()), {"reported_dew_point_c": "DOUBLE"}, **values)

    assert found == expected
