"""The verdict by the job's own views, from what `read_json` answers to what is accepted or refused, and why."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from jobs import validation
from tests.fixtures.observations import NINE, observation
from tests.unit.jobs.duck import COLUMNS, Duck

DUCK = Duck()
FAR = datetime(9999, 1, 1, tzinfo=UTC)
PARSED = {
    "message_key": "BLOB",
    "original": "BLOB",
    "appended_at": "TIMESTAMP",
    "topic": "VARCHAR",
    "kafka_partition": "INT",
    "kafka_offset": "BIGINT",
    "never_late": "TIMESTAMP",
    **COLUMNS,
    "refusal": "VARCHAR",
}
MAX_FUTURE_S = 3600


def judge(**values: Any) -> dict[str, Any]:
    """One row of `parsed` through the views."""
    DUCK.table("parsed", PARSED, [{"never_late": FAR, "appended_at": NINE, **values}])
    DUCK.create(validation.views(MAX_FUTURE_S))
    (row,) = DUCK.rows("FROM judged")
    row["accepted"] = DUCK.rows("FROM accepted")
    return row


def judged(**values: Any) -> dict[str, Any]:
    """An observation that was read."""
    return judge(**msgspec.structs.asdict(observation(**values)))


def refused(row: Mapping[str, Any]) -> str:
    assert row["accepted"] == []
    reason: str = row["reason"]
    return reason


def test_a_good_record_is_accepted_with_its_values() -> None:
    given = {"lat": 51.5, "temperature_c": -3.25, "visibility_is_lower_bound": True, "weather_code": "7"}
    row = judged(**given)

    assert row["reason"] is None
    (accepted,) = row["accepted"]
    assert accepted == {
        "climate": 0,
        "never_late": FAR,
        **msgspec.structs.asdict(observation(**given)),
    }


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (
            {"temperature_c": 61.0},
            "expected a value that is possible at this latitude and season, found temperature_c 61.0",
        ),
        (
            {"temperature_c": 41.0, "lat": 51.5},
            "expected a value that is possible at this latitude and season, found temperature_c 41.0",
        ),
        (
            {"wind_speed_ms": 468.6588544, "lat": 40.7},
            "expected a value that is possible at this latitude and season, found wind_speed_ms 468.6588544",
        ),
        ({"lat": -90.5}, "expected a value that is possible at this latitude and season, found lat -90.5"),
        (
            {"humidity_pct": 100.1, "wind_direction_deg": 361.0},
            "expected a value that is possible at this latitude and season, found humidity_pct 100.1",
        ),
        ({"revision": -1}, "expected revision to be 0 or more, found -1"),
    ],
)
def test_an_impossible_value_is_refused_by_name(values: dict[str, float], reason: str) -> None:
    assert refused(judged(**values)) == reason


@pytest.mark.parametrize("values", [{"temperature_c": 41.0, "lat": 40.0}, {"temperature_c": 39.0, "lat": 51.5}])
def test_what_is_only_suspect_is_accepted(values: dict[str, float]) -> None:
    assert judged(**values)["reason"] is None


@pytest.mark.parametrize(("ahead", "good"), [(MAX_FUTURE_S, True), (MAX_FUTURE_S + 1, False)])
def test_a_time_too_far_ahead_is_refused(ahead: int, good: bool) -> None:
    row = judged(observed_at=NINE + timedelta(seconds=ahead))

    if good:
        assert row["reason"] is None
    else:
        assert refused(row) == "expected observed_at at most 3600 s after the broker received it, found a later time"


def test_the_season_is_that_of_the_observation() -> None:
    """Not of the row time, which is the far future for every record."""
    summer = observation(lat=51.5, temperature_c=45.0, observed_at=NINE.replace(month=7))

    assert judge(**msgspec.structs.asdict(summer))["reason"] is None


def test_what_could_not_be_read_is_refused_with_its_reason() -> None:
    why = "expected one JSON object in UTF-8, found {"

    assert refused(judge(original=b"{", refusal=why)) == why
