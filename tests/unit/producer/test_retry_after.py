"""The Retry-After header in its two forms, and in none."""

from datetime import timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producer.http import Response
from producer.retry_after import CAP_S, retry_after_s
from tests.fixtures.observations import NINE


def read(value: str) -> float | None:
    return retry_after_s(Response(429, {"retry-after": value}, b""), NINE)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        (" 0 ", 0.0),
        ("86400", CAP_S),
        (format_datetime(NINE + timedelta(seconds=90), usegmt=True), 90.0),
        (format_datetime(NINE - timedelta(days=1), usegmt=True), 0.0),
        (format_datetime(NINE + timedelta(days=7), usegmt=True), CAP_S),
        ("Fri, 20 Nov 2026 09:00:30 -0000", 30.0),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("²", None),
    ],
)
def test_seconds_or_a_date_up_to_the_cap(value: str, seconds: float | None) -> None:
    assert read(value) == seconds


@given(st.text())
def test_no_header_crashes_and_none_leaves_the_bounds(value: str) -> None:
    found = read(value)
    assert found is None or 0 <= found <= CAP_S


def test_no_header_no_wait() -> None:
    assert retry_after_s(Response(429, {}, b"")) is None
