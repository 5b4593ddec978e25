"""The verdict by the job's own views, from the split line to what is accepted or refused, and why."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest

from contracts.wire import encode
from jobs import observation as shapes
from jobs import validation
from tests.fixtures.observations import NINE, observation
from tests.unit.jobs.duck import Duck

DUCK = Duck()
EPOCH = datetime.fromtimestamp(0, NINE.tzinfo)
SOURCE = {
    "message_key": "BLOB",
    "original": "BLOB",
    "txt": "VARCHAR",
    "rewritten": "VARCHAR",
    "topic": "VARCHAR",
    "kafka_partition": "INT",
    "kafka_offset": "BIGINT",
    "row_time": "TIMESTAMP",
    "arrived": "TIMESTAMP",
}


def judge(**values: Any) -> dict[str, Any]:
    """One record of the source through the views. Flink's JSON functions stay out: `rewritten` is given instead."""
    values = {"original": (values["txt"] or "").encode(), **values}
    DUCK.table("observations", SOURCE, [{"row_time": NINE, "arrived": NINE, **values}])
    shaped, _, split = shapes.views()
    lined = "CREATE TEMPORARY VIEW lined AS SELECT *, CASE WHEN usual THEN txt ELSE rewritten END AS line FROM shaped"
    DUCK.run([shaped, lined, split, *validation.views(max_future_s=3600)])
    (row,) = DUCK.rows("FROM judged")
    row["accepted"] = DUCK.rows("FROM accepted")
    return row


def refused(row: Mapping[str, Any]) -> str:
    assert row["accepted"] == []
    reason: str = row["reason"]
    return reason


def test_a_good_record_is_accepted_with_its_values() -> None:
    record = observation(lat=51.5, temperature_c=-3.25, visibility_is_lower_bound=True, weather_code="7")
    row = judge(txt=encode(record).decode())

    assert row["reason"] is None
    (accepted,) = row["accepted"]
    assert (accepted["station_id"], accepted["temperature_c"], accepted["weather_code"]) == ("gcpsvg", -3.25, "7")
    assert (accepted["row_time"], accepted["visibility_is_lower_bound"], accepted["lon"]) == (NINE, True, None)
    assert accepted["ordinary"] is True


def test_a_record_that_was_rewritten_is_as_good() -> None:
    usual = encode(observation(temperature_c=1.0)).decode()
    row = judge(txt=usual.replace(",", ", "), rewritten=usual)

    assert row["accepted"][0]["temperature_c"] == 1.0


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
    ],
)
def test_an_impossible_value_is_refused_by_name(values: dict[str, float], reason: str) -> None:
    assert refused(judge(txt=encode(observation(**values)).decode())) == reason


@pytest.mark.parametrize("values", [{"temperature_c": 41.0, "lat": 40.0}, {"temperature_c": 39.0, "lat": 51.5}])
def test_what_is_only_suspect_is_accepted(values: dict[str, float]) -> None:
    assert judge(txt=encode(observation(**values)).decode())["reason"] is None


def test_a_text_that_would_shift_the_fields_is_refused() -> None:
    """Split at `,"`, this station's name would push every later value one field on."""
    txt = encode(observation(station_id="EWR,")).decode()

    assert refused(judge(txt=txt, rewritten=txt)) == (
        "expected source and station_id as text, times as UTC like 2026-11-20T09:00:00Z, revision as a whole number,"
        ' others as numbers or null; found "station_id":"EWR,",'
        '"observed_at":"2026-11-20T09:00:00Z","ingested_at":"2026-11-'
    )


def test_a_time_too_far_ahead_is_refused() -> None:
    """The source has set its row time to 1970, which moves no watermark."""
    row = judge(txt=encode(observation()).decode(), row_time=EPOCH)

    assert refused(row) == ("expected observed_at at most 3600 s after the broker received it, found a later time")


def test_two_times_in_one_record_are_refused() -> None:
    """The watermark was made of the first, the record would have the second."""
    row = judge(txt=encode(observation()).decode(), row_time=NINE - timedelta(hours=1))

    assert refused(row) == "expected one observed_at, found several"


@pytest.mark.parametrize(
    ("txt", "original", "reason"),
    [
        (None, None, "expected a JSON object, found no value"),
        ("\ufffd", b"\xff", "expected one JSON object in UTF-8, found \ufffd"),
    ],
)
def test_what_is_no_record_at_all_is_refused(txt: str | None, original: bytes | None, reason: str) -> None:
    assert refused(judge(txt=txt, original=original)) == reason
