"""Meteorological formulas as SQL expressions over the columns of an observation. Any null input gives null.

Check values and the independent computation are in tests/; sources are named at each formula.
"""

BEAUFORT_LOWER_MS = (0.3, 1.6, 3.4, 5.5, 8.0, 10.8, 13.9, 17.2, 20.8, 24.5, 28.5, 32.7)
"""Lower bounds of forces 1 to 12 for the mean wind (WMO)."""

_F = "(temperature_c * 1.8 + 32)"
_RH = "humidity_pct"


def dew_point_c() -> str:
    """Magnus over water, WMO-No.8 annex 4.B: a = 17.62, b = 243.12 degC. Undefined at 0 % humidity."""
    gamma = "(LN(humidity_pct / 100) + 17.62 * temperature_c / (243.12 + temperature_c))"
    return f"CASE WHEN humidity_pct > 0 THEN 243.12 * {gamma} / (17.62 - {gamma}) END"


def heat_index_c() -> str:
    """NWS SR 90-23 (Rothfusz) with its adjustments; below 80 degF the simple form, which already is the mean with T."""
    simple = f"(0.5 * ({_F} + 61 + 1.2 * ({_F} - 68) + 0.094 * {_RH}))"
    full = (
        f"(-42.379 + 2.04901523 * {_F} + 10.14333127 * {_RH} - 0.22475541 * {_F} * {_RH}"
        f" - 0.00683783 * {_F} * {_F} - 0.05481717 * {_RH} * {_RH} + 0.00122874 * {_F} * {_F} * {_RH}"
        f" + 0.00085282 * {_F} * {_RH} * {_RH} - 0.00000199 * {_F} * {_F} * {_RH} * {_RH})"
    )
    dry = f"(13 - {_RH}) / 4 * SQRT((17 - ABS({_F} - 95)) / 17)"
    damp = f"({_RH} - 85) / 10 * (87 - {_F}) / 5"
    fahrenheit = (
        f"CASE WHEN {simple} < 80 THEN {simple} WHEN {_RH} < 13 AND {_F} BETWEEN 80 AND 112 THEN {full} - {dry}"
        f" WHEN {_RH} > 85 AND {_F} BETWEEN 80 AND 87 THEN {full} + {damp} ELSE {full} END"
    )
    return f"({fahrenheit} - 32) / 1.8"


def wind_chill_c() -> str:
    """The index of 2001 (NWS and Environment Canada); defined at or below 10 degC and above 4.8 km/h."""
    v = "POWER(wind_speed_ms * 3.6, 0.16)"
    chill = f"13.12 + 0.6215 * temperature_c - 11.37 * {v} + 0.3965 * temperature_c * {v}"
    return f"CASE WHEN temperature_c <= 10 AND wind_speed_ms * 3.6 > 4.8 THEN {chill} END"


def beaufort() -> str:
    """The force of the mean wind."""
    cases = " ".join(f"WHEN wind_speed_ms < {bound} THEN {force}" for force, bound in enumerate(BEAUFORT_LOWER_MS))
    return f"CASE {cases} WHEN wind_speed_ms IS NOT NULL THEN {len(BEAUFORT_LOWER_MS)} END"


def sea_level_pressure_hpa() -> str:
    """Station pressure reduced to sea level (QFF form): p exp(0.0341632 H / (T + 0.00325 H + 0.12 e)).

    T in K, H in m, 0.0341632 K/m = g/R, 0.00325 K/m half the standard lapse rate, 0.12 K/hPa the humidity coefficient;
    e in hPa from the dew point, 0 where there is none.
    """
    vapour = "COALESCE(6.112 * EXP(17.62 * dew_point_c / (243.12 + dew_point_c)), 0)"
    virtual = f"(temperature_c + 273.15 + 0.00325 * elevation_m + 0.12 * {vapour})"
    return f"pressure_station_hpa * EXP(0.0341632 * elevation_m / {virtual})"


def wind_vector() -> tuple[str, str]:
    """(east, north) of where the wind comes from; null where speed or direction is."""
    direction = "RADIANS(wind_direction_deg)"
    return f"wind_speed_ms * SIN({direction})", f"wind_speed_ms * COS({direction})"
