"""Quality control as data and the SQL made of it: gross limits, steps, persistence, consistency.

Limits are WMO-No.305 chapter 6 where it has them (they depend on latitude and season), otherwise the ranges of the WMO
guideline for automatic stations (Zahumensky 2004) or of MADIS. Between the suspect and the erroneous limit a value is
flagged; beyond the erroneous one its record is refused.
"""

from dataclasses import dataclass

from jobs.sql import literal

Range = tuple[float, float]

CLIMATES = ("high latitude, winter", "high latitude, summer", "low latitude, winter", "low latitude, summer", "unknown")
HIGH_LATITUDE_DEG = 45
WINTER_MONTHS_NORTH = "10, 11, 12, 1, 2, 3"
UNKNOWN = 4


@dataclass(frozen=True, slots=True)
class Limit:
    """Ranges of one field, one pair for each of CLIMATES or a single pair for all."""

    field: str
    good: tuple[Range, ...]
    possible: tuple[Range, ...]


def _everywhere(field: str, possible: Range, good: Range | None = None) -> Limit:
    return Limit(field, (good or possible,), (possible,))


LIMITS = (
    Limit(
        "temperature_c",
        ((-80, 35), (-30, 40), (-30, 50), (-20, 50), (-80, 50)),
        ((-90, 40), (-40, 50), (-40, 55), (-30, 60), (-90, 60)),
    ),
    Limit(
        "dew_point_c",
        ((-85, 30), (-35, 35), (-80, 35), (-80, 35), (-85, 35)),
        ((-99, 35), (-45, 40), (-80, 35), (-80, 35), (-99, 40)),
    ),
    Limit(
        "pressure_sea_level_hpa",
        ((940, 1080), (950, 1080), (910, 1080), (900, 1080), (900, 1080)),
        ((910, 1100), (920, 1100), (870, 1100), (850, 1100), (850, 1100)),
    ),
    Limit(
        "wind_speed_ms",
        ((0, 50), (0, 40), (0, 60), (0, 90), (0, 90)),
        ((0, 100), (0, 75), (0, 125), (0, 150), (0, 150)),
    ),
    _everywhere("pressure_station_hpa", (300, 1100), (400, 1080)),
    _everywhere("humidity_pct", (0, 100)),
    _everywhere("wind_direction_deg", (0, 360)),
    _everywhere("wind_gust_ms", (0, 150)),
    _everywhere("precipitation_1h_mm", (0, 1117.6)),  # MADIS: 44 in
    _everywhere("visibility_m", (0, 160_934.4)),  # MADIS: 100 statute miles
    _everywhere("lat", (-90, 90)),
    _everywhere("lon", (-180, 180)),
    _everywhere("elevation_m", (-450, 9000)),  # below the Dead Sea's shore, above every summit
)

STEPS: dict[str, dict[int, float]] = {
    "temperature_c": {1: 4, 2: 7, 3: 9, 6: 15, 12: 25},
    "dew_point_c": {1: 4, 2: 6, 3: 8, 6: 12, 12: 20},
    "pressure_sea_level_hpa": {1: 3, 2: 6, 3: 9, 6: 18, 12: 36},
}
"""Largest change by hours since the station's previous record, WMO-No.305 ch. 6; beyond 12 h no comparison is made."""

PERSISTENCE_H = {"temperature_c": 18, "pressure_sea_level_hpa": 9}
"""Hours without any change after which a sensor counts as stuck. The longest honest runs in the reference year of three
airports were 14 h of temperature (to 1 degF) and 5 h of pressure."""

PERSISTENCE_READINGS = 6
"""Readings such a run must have, so that a gap is not taken for a stuck sensor."""


def climate() -> str:
    """The index into CLIMATES of a row with `lat` and `observed_at`."""
    winter = f"((EXTRACT(MONTH FROM observed_at) IN ({WINTER_MONTHS_NORTH})) = (lat >= 0))"
    return (
        f"CASE WHEN lat IS NULL THEN {UNKNOWN} WHEN ABS(lat) > {HIGH_LATITUDE_DEG}"
        f" THEN CASE WHEN {winter} THEN 0 ELSE 1 END ELSE CASE WHEN {winter} THEN 2 ELSE 3 END END"
    )


def _bound(ranges: tuple[Range, ...], side: int) -> str:
    if len({pair[side] for pair in ranges}) == 1:
        return f"CAST({ranges[0][side]} AS DOUBLE)"
    cases = " ".join(f"WHEN {index} THEN {pair[side]}" for index, pair in enumerate(ranges))
    return f"CAST(CASE climate {cases} END AS DOUBLE)"


def ordinary() -> str:
    """True when every value is good in every climate: one cheap test spares nearly all records the exact ones."""
    tests = []
    for limit in LIMITS:
        low, high = max(pair[0] for pair in limit.good), min(pair[1] for pair in limit.good)
        tests.append(f"({limit.field} IS NULL OR {limit.field} BETWEEN {low} AND {high})")
    return "(" + " AND ".join(tests) + ")"


def erroneous_field() -> str:
    """The first field whose value lies beyond its erroneous limit, with the value, or NULL; needs `climate`."""
    cases = []
    for limit in LIMITS:
        low, high = _bound(limit.possible, 0), _bound(limit.possible, 1)
        found = f"CONCAT('{limit.field} ', CAST({limit.field} AS STRING))"
        cases.append(f"WHEN {limit.field} NOT BETWEEN {low} AND {high} THEN {found}")
    return f"CASE {' '.join(cases)} END"


def range_flags() -> str:
    """Comma-separated `range:field` of suspect values, as arguments of CONCAT_WS; needs `climate`."""
    flags = []
    for limit in LIMITS:
        if limit.good != limit.possible:
            low, high = _bound(limit.good, 0), _bound(limit.good, 1)
            flags.append(f"CASE WHEN {limit.field} NOT BETWEEN {low} AND {high} THEN 'range:{limit.field}' END")
    return ", ".join(flags)


def step_flags() -> list[str]:
    """`step:field` where a value moved faster than air does; needs `<field>_previous` and the `hours` between."""
    flags = []
    for field, limits in STEPS.items():
        cases = " ".join(f"WHEN hours <= {hours} THEN {limit}" for hours, limit in limits.items())
        moved = f"ABS({field} - {field}_previous) > CASE {cases} END"
        flags.append(f"CASE WHEN hours > 0 AND {moved} THEN {literal('step:' + field)} END")
    return flags


def stuck_flags() -> list[str]:
    """`stuck:field` where a value has not changed for too long; needs `<field>_since` and `<field>_readings`."""
    return [
        f"CASE WHEN {field} IS NOT NULL AND {field}_readings >= {PERSISTENCE_READINGS}"
        f" AND observed_at >= {field}_since + INTERVAL '{hours}' HOUR THEN 'stuck:{field}' END"
        for field, hours in PERSISTENCE_H.items()
    ]


def consistency_flags() -> list[str]:
    """`inconsistent:field` where two values of one record contradict each other."""
    return [
        "CASE WHEN reported_dew_point_c > temperature_c THEN 'inconsistent:dew_point_c' END",
        "CASE WHEN wind_gust_ms < wind_speed_ms THEN 'inconsistent:wind_gust_ms' END",
    ]
