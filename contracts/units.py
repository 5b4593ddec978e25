"""Unit conversions, exact where the unit is defined exactly. One name per factor: target from source.

Check values: PROVIDERS' table of conversions is asserted in tests/unit/contracts/test_units.py.
"""

from typing import Final

MS_PER_KNOT: Final = 1852 / 3600  # international nautical mile per hour
MS_PER_MPH: Final = 0.44704  # exact: 1609.344 m / 3600 s
MS_PER_KMH: Final = 1 / 3.6
KELVIN_AT_0_C: Final = 273.15
HPA_PER_INHG: Final = 33.8639  # conventional inch of mercury at 0 degC
HPA_PER_MMHG: Final = 1.333224
M_PER_STATUTE_MILE: Final = 1609.344
MM_PER_INCH: Final = 25.4
MOLAR_VOLUME_L: Final = 24.45  # ideal gas at 25 degC and 1 atm, litres per mole

MOLAR_MASS_G: Final = {"o3": 48.00, "no2": 46.01, "so2": 64.07, "co": 28.01}


def celsius_from_fahrenheit(value: float) -> float:
    """degF to degC."""
    return (value - 32.0) / 1.8


def celsius_from_kelvin(value: float) -> float:
    """K to degC."""
    return value - KELVIN_AT_0_C


def ms_from_knots(value: float) -> float:
    """kn to m/s."""
    return value * MS_PER_KNOT


def ms_from_mph(value: float) -> float:
    """Statute miles per hour to m/s."""
    return value * MS_PER_MPH


def ms_from_kmh(value: float) -> float:
    """km/h to m/s."""
    return value / 3.6


def hpa_from_inhg(value: float) -> float:
    """Inches of mercury to hPa."""
    return value * HPA_PER_INHG


def hpa_from_mmhg(value: float) -> float:
    """Millimetres of mercury to hPa."""
    return value * HPA_PER_MMHG


def hpa_from_pa(value: float) -> float:
    """Pa to hPa."""
    return value / 100.0


def m_from_statute_miles(value: float) -> float:
    """Statute miles to m."""
    return value * M_PER_STATUTE_MILE


def mm_from_inches(value: float) -> float:
    """Inches to mm."""
    return value * MM_PER_INCH


def ppb_from_ugm3(value: float, gas: str) -> float:
    """ug/m3 to ppb at 25 degC and 1 atm; KeyError for a gas whose molar mass is not listed."""
    return value * MOLAR_VOLUME_L / MOLAR_MASS_G[gas]
