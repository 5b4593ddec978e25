"""Single values of a row: read, null, or refused by a sentence."""

import math
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producer.errors import RowError
from producer.providers import fields

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(JSON)
def test_a_number_is_a_finite_number_null_or_refused(value: Any) -> None:
    expected = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if value is None:
        assert fields.number({"x": value}, "x") is None
    elif expected:
        assert fields.number({"x": value}, "x") == float(value)
    else:
        with pytest.raises(RowError, match="expected a number in 'x', found "):
            fields.number({"x": value}, "x")


def test_a_number_too_large_for_a_double_is_refused() -> None:
    with pytest.raises(RowError, match="expected a number in 'x', found 1000"):
        fields.number({"x": 10**400}, "x")


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_as_text_is_the_number(value: float) -> None:
    assert fields.text_number({"x": repr(value)}, "x") == value


@pytest.mark.parametrize("value", ["", "n/a", "NaN", "inf", 7, True, ["7"]])
def test_what_is_no_number_as_text_is_refused(value: Any) -> None:
    with pytest.raises(RowError) as refused:
        fields.text_number({"S": value}, "S")
    assert str(refused.value) == f"expected a number as text in 'S', found {value!r}"


def test_absent_and_null_are_null_and_never_zero() -> None:
    for read in (fields.number, fields.text_number, fields.compass_deg, fields.code):
        assert read({}, "x") is None
        assert read({"x": None}, "x") is None
    assert fields.member({}, "x") == {}
    assert fields.member({"x": None}, "x") == {}


@given(st.sampled_from(range(16)))
def test_compass_points_are_22_5_degrees_apart_clockwise_from_north(index: int) -> None:
    assert fields.compass_deg({"d": fields.POINTS[index]}, "d") == index * 22.5


@pytest.mark.parametrize(
    ("text", "degrees"),
    [("SWW", 247.5), ("NWW", 292.5), ("SEE", 112.5), ("NEE", 67.5), ("wsw", 247.5), (" N ", 0.0), ("NNW", 337.5)],
)
def test_variant_spellings(text: str, degrees: float) -> None:
    assert fields.compass_deg({"d": text}, "d") == degrees


@pytest.mark.parametrize("value", ["", "NORTH", "VRB", 270, True])
def test_an_unknown_compass_point_is_refused(value: Any) -> None:
    with pytest.raises(RowError) as refused:
        fields.compass_deg({"d": value}, "d")
    assert str(refused.value) == f"expected one of the 16 compass points in 'd', found {value!r}"


def test_instants_are_utc_whatever_their_offset() -> None:
    nine = datetime(2026, 11, 20, 9, tzinfo=UTC)
    for text in ("2026-11-20T09:00:00Z", "2026-11-20T09:00Z", "2026-11-20T10:00:00+01:00", "2026-11-20T09:00:00"):
        found = fields.instant({"t": text}, "t")
        assert (found, found.utcoffset()) == (nine, nine.utcoffset())
    for value in (None, "", "yesterday", 1795168800):
        with pytest.raises(RowError) as refused:
            fields.instant({"t": value}, "t")
        assert str(refused.value) == f"expected an ISO time in 't', found {value!r}"
