"""Times as `read_json` and `json_time` read them, against datetime."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fixtures.observations import NINE
from tests.unit.jobs.harness import Functions
from tests.unit.jobs.readings import EPOCH, changed, model, read, records, time

A_TIME = "as a time in UTC from 1970 on, like 2026-11-20T09:00:00Z"


def timed(text: str) -> bytes:
    return changed('"ingested_at":"2026-11-20T09:00:00Z"', f'"ingested_at":{json.dumps(text)}')


def times(java: Functions, *texts: str) -> list[datetime | None]:
    found = read(java, *map(timed, texts))
    assert all(fields or (why or "").startswith(f"expected ingested_at {A_TIME}") for fields, why in found)
    return [fields["ingested_at"] if fields else None for fields, _ in found]


def test_every_day_of_130_years_and_no_other(java: Functions) -> None:
    real = [date(1970, 1, 1) + timedelta(days=number) for number in range((date(2101, 1, 1) - date(1970, 1, 1)).days)]
    assert times(java, *(f"{day}T12:34:56Z" for day in real)) == [
        datetime(day.year, day.month, day.day, 12, 34, 56, tzinfo=UTC) for day in real
    ]
    known = {day.isoformat() for day in real}
    every = (f"{y}-{m:02d}-{d:02d}" for y in range(1970, 2101) for m in range(14) for d in (0, 28, 29, 30, 31, 32))
    unreal = [day for day in every if day not in known]
    assert times(java, *(f"{day}T12:34:56Z" for day in unreal)) == [None] * len(unreal)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-20T09:00:00Z", NINE),
        ("2026-11-20T09:00:00.007Z", NINE + timedelta(milliseconds=7)),
        ("2026-11-20T09:00:00.007999Z", NINE + timedelta(milliseconds=7)),
        ("1970-01-01T00:00:00Z", EPOCH),
        ("9999-12-31T23:59:59.999Z", datetime(9999, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC)),
        ("1969-12-31T23:59:59Z", None),
        ("0000-01-01T00:00:00Z", None),
        ("2026-11-20T24:00:00Z", None),
        ("2026-11-20T09:60:00Z", None),
        ("2026-11-20T09:00:60Z", None),
        ("2026-11-20T09:00:00.7Z", None),
        ("2026-11-20T09:00:00,007Z", None),
        ("2026-11-20T09:00:00.0070001Z", None),
        ("2026-11-20T09:00:00.00a000Z", None),
        ("2026-11-20T09:00:00", None),
        ("2026-11-20T09:00:00z", None),
        ("2026-11-20T09:00:00+00:00", None),
        ("2026-11-20T09:00:00.00+00:00", None),
        ("2026-11-20 09:00:00Z", None),
        ("2026-11-20T09:00Z", None),
        ("02026-11-20T09:00:00Z", None),
        ("-026-11-20T09:00:00Z", None),
        ("2026-+1-20T09:00:00Z", None),
        ("٢٠٢٦-11-20T09:00:00Z", None),
        ("1763629200", None),
    ],
)
def test_times_are_utc_to_the_second_or_finer(java: Functions, text: str, moment: datetime | None) -> None:
    assert times(java, text) == [moment]
    assert time(text) == moment, "and so says the model"


_NEARLY = st.from_regex(
    r"(19|20)[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-6][0-9](\.[0-9]{1,7})?Z", fullmatch=True
)


@settings(max_examples=60)
@given(_NEARLY)
def test_what_looks_like_a_time_is_one_if_datetime_says_so(java: Functions, text: str) -> None:
    assert times(java, text) == [time(text)]


# ---- the time for the watermark ----


def watermark_time(java: Functions, value: bytes | None) -> datetime | None:
    (found,) = java.json_time("observed_at", [value])
    return None if found is None else EPOCH + timedelta(milliseconds=found)


@settings(max_examples=40)
@given(records())
def test_a_time_for_the_watermark_is_that_of_the_record(java: Functions, value: bytes) -> None:
    fields = model(value)
    if fields is not None and value.count(b"observed_at") == 1:
        assert watermark_time(java, value) == fields["observed_at"]


@settings(max_examples=60)
@given(st.binary(max_size=40), _NEARLY)
def test_whatever_the_bytes_are_there_is_a_time_or_none(java: Functions, value: bytes, text: str) -> None:
    """It runs inside the source: an exception there would stop the job before the record could be refused."""
    watermark_time(java, value)
    watermark_time(java, value + b'"observed_at"' + value)
    watermark_time(java, b'"observed_at":' + value)
    watermark_time(java, b'"observed_at":"' + value)
    assert watermark_time(java, b'{"observed_at" :\t"' + text.encode() + b'"' + value) == time(text)


@pytest.mark.parametrize(
    "value", [None, b"", b'"observed_at"', b'"observed_at":', b'"observed_at":"', b'"observed_at":""']
)
def test_no_time_is_none(java: Functions, value: bytes | None) -> None:
    assert watermark_time(java, value) is None
