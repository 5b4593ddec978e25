"""Anomalies by the job's own views: against the same hour of the days before, and never before there are enough."""

from datetime import UTC, datetime, timedelta
from statistics import fmean, pstdev
from typing import Any

import pytest

from contracts.schema import RECORDS
from jobs import anomalies
from jobs.anomalies import DAYS, LEAST_VALUES, METHOD, SPREAD_FLOOR
from tests.fixtures.observations import NINE
from tests.unit.jobs.duck import Duck
from tests.unit.jobs.harness import Functions
from tests.unit.jobs.histories import feed

DUCK = Duck()


def found(java: Functions, *records: dict[str, Any]) -> list[dict[str, Any]]:
    """The anomalies of records that arrive one after the other, each a day after the last at nine."""
    given = []
    for number, record in enumerate(records):
        values = dict(record)
        given.append({"at": 24 * values.pop("day", number) + values.pop("hour", 0), **values})
    feed(java, DUCK, given)
    DUCK.create(anomalies.views())
    return DUCK.rows("FROM anomaly_rows ORDER BY observed_at, variable")


def temperatures(*values: float | None) -> list[dict[str, Any]]:
    return [{"temperature_c": value} for value in values]


STEADY = [10.0] * LEAST_VALUES


def test_an_anomaly_in_full(java: Functions) -> None:
    (row,) = found(java, *temperatures(*STEADY, 15.0))

    assert tuple(row) == RECORDS["weather_anomaly"].names
    assert abs(row.pop("detected_at") - datetime.now(UTC)) < timedelta(minutes=5)
    assert row == {
        "source": "s",
        "station_id": "i",
        "observed_at": NINE + timedelta(days=LEAST_VALUES),
        "variable": "temperature_c",
        "value": 15.0,
        "expected": 10.0,
        "expected_low": 6.0,
        "expected_high": 14.0,
        "score": 5.0,
        "severity": "warning",
        "method": METHOD,
    }
    assert METHOD == "hour-of-day mean of 21 values, 4 standard deviations"


@pytest.mark.parametrize(
    ("value", "severity"),
    [
        (14.0, None),
        (14.01, "warning"),
        (6.0, None),
        (5.99, "warning"),
        (18.0, "warning"),
        (18.01, "severe"),
        (1.9, "severe"),
    ],
)
def test_from_which_distance_on(java: Functions, value: float, severity: str | None) -> None:
    """The values before did not move, so a standard deviation is the least there is: 1 degC."""
    assert [row["severity"] for row in found(java, *temperatures(*STEADY, value))] == ([severity] if severity else [])


def test_there_is_no_judgement_before_there_are_enough_values(java: Functions) -> None:
    assert found(java, *temperatures(*STEADY[1:], 40.0)) == []
    assert found(java, *temperatures(*STEADY[1:], None, 40.0)) == [], "a null is no value"


def test_the_baseline_is_of_the_last_days_only(java: Functions) -> None:
    """An independent mean and deviation of what stands in the window."""
    history = [-30.0, *(10.0 + 3 * (day % 4) for day in range(DAYS))]
    (row,) = found(java, *temperatures(*history, 60.0))
    mean, spread = fmean(history[1:]), pstdev(history[1:])

    assert row["expected"] == pytest.approx(mean)
    assert row["score"] == pytest.approx((60.0 - mean) / spread)
    assert row["expected_low"] == pytest.approx(mean - 4 * spread)
    assert row["expected_high"] == pytest.approx(mean + 4 * spread)


def test_each_hour_of_the_day_has_its_own_baseline(java: Functions) -> None:
    """Noon is not judged by midnight."""
    day = [{"hour": 3, "temperature_c": 30.0}, {"hour": 15, "temperature_c": 0.0}]
    days = [{"day": number, **half} for number in range(LEAST_VALUES) for half in day]

    assert found(java, *days) == []
    assert len(found(java, *days, {"day": LEAST_VALUES, "hour": 3, "temperature_c": 0.0})) == 1


def test_each_station_has_its_own_baseline(java: Functions) -> None:
    elsewhere = [{"station_id": "j", **record} for record in temperatures(*STEADY)]

    assert found(java, *elsewhere, {"temperature_c": 40.0}) == []


@pytest.mark.parametrize("variable", SPREAD_FLOOR)
def test_each_variable_is_judged(java: Functions, variable: str) -> None:
    (row,) = found(java, *({variable: value} for value in (*STEADY, 15.0)))

    assert (row["variable"], row["value"], row["score"]) == (variable, 15.0, pytest.approx(5.0))


def test_a_record_may_have_several(java: Functions) -> None:
    steady, jump = dict.fromkeys(SPREAD_FLOOR, 10.0), dict.fromkeys(SPREAD_FLOOR, 20.0)

    assert [row["variable"] for row in found(java, *[steady] * LEAST_VALUES, jump)] == sorted(SPREAD_FLOOR)


def test_a_repeat_is_told_once(java: Functions) -> None:
    jump = {"day": LEAST_VALUES, "temperature_c": 40.0}

    assert len(found(java, *temperatures(*STEADY), jump, jump)) == 1


def test_an_ordinary_year_of_steps_is_quiet(java: Functions) -> None:
    """The daily swing of ten degrees around the same hour is weather."""
    assert found(java, *temperatures(*(10.0 + 5 * (-1) ** day for day in range(60)))) == []
