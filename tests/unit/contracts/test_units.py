"""Check values of the conversions, each worked out from the definition of the unit and not from the code."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts import units

CHECKS: list[tuple[Callable[[float], float], float, float]] = [
    (units.celsius_from_fahrenheit, 32.0, 0.0),
    (units.celsius_from_fahrenheit, 212.0, 100.0),
    (units.celsius_from_fahrenheit, -40.0, -40.0),
    (units.celsius_from_kelvin, 273.15, 0.0),
    (units.celsius_from_kelvin, 0.0, -273.15),
    (units.ms_from_knots, 1.0, 0.514444),
    (units.ms_from_knots, 3600.0, 1852.0),
    (units.ms_from_mph, 1.0, 0.44704),
    (units.ms_from_mph, 1048.36, 468.658854),  # the broken reading of EWR, 2013-02-12
    (units.ms_from_kmh, 3.6, 1.0),
    (units.ms_from_kmh, 17.3, 4.805556),
    (units.hpa_from_inhg, 1.0, 33.8639),
    (units.hpa_from_inhg, 29.92, 1013.207888),
    (units.hpa_from_mmhg, 1.0, 1.333224),
    (units.hpa_from_mmhg, 760.0, 1013.25024),
    (units.hpa_from_pa, 101_325.0, 1013.25),
    (units.m_from_statute_miles, 1.0, 1609.344),
    (units.m_from_statute_miles, 10.0, 16_093.44),
    (units.mm_from_inches, 1.0, 25.4),
    (units.mm_from_inches, 44.0, 1117.6),
]


@pytest.mark.parametrize(("convert", "value", "expected"), CHECKS, ids=lambda part: getattr(part, "__name__", part))
def test_check_values(convert: Callable[[float], float], value: float, expected: float) -> None:
    assert convert(value) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("gas", "ppb_of_100_ugm3"), [("o3", 50.9375), ("no2", 53.140621), ("so2", 38.161386), ("co", 87.290253)]
)
def test_gases_at_25_degrees(gas: str, ppb_of_100_ugm3: float) -> None:
    assert units.ppb_from_ugm3(100.0, gas) == pytest.approx(ppb_of_100_ugm3, abs=1e-6)


def test_a_gas_without_a_molar_mass_is_an_error() -> None:
    with pytest.raises(KeyError, match="xe"):
        units.ppb_from_ugm3(1.0, "xe")


@pytest.mark.parametrize("convert", {convert for convert, *_ in CHECKS}, ids=lambda convert: convert.__name__)
@given(
    low=st.floats(-1e6, 1e6),
    high=st.floats(-1e6, 1e6),
)
def test_a_conversion_is_a_straight_line_that_rises(convert: Callable[[float], float], low: float, high: float) -> None:
    """A sign or a factor that was turned over would fall or bend."""
    middle = convert((low + high) / 2)

    assert middle == pytest.approx((convert(low) + convert(high)) / 2, rel=1e-9, abs=1e-3)
    assert convert(low) <= convert(high) or low > high
