"""The records as Python types. Generated from schemas/*.avsc by `python -m contracts generate`; do not edit.

Every field must be given, nulls too: a missing value is a statement, not a default.
"""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

UtcTime = Annotated[datetime, Meta(tz=True)]
Int32 = Annotated[int, Meta(ge=-(2**31), le=2**31 - 1)]
Int64 = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]


class WeatherAnomaly(Struct, frozen=True, kw_only=True):
    """A first arrival whose value lies outside what its station's recent past makes likely."""

    source: str
    station_id: str
    observed_at: UtcTime
    detected_at: UtcTime
    variable: str
    value: float
    expected: float
    expected_low: float
    expected_high: float
    score: float
    severity: Literal["warning", "severe"]
    method: str


class WeatherEnriched(Struct, frozen=True, kw_only=True):
    """The first accepted arrival of an observation with derived quantities and quality flags."""

    source: str
    station_id: str
    observed_at: UtcTime
    ingested_at: UtcTime
    revision: Int32
    lat: float | None
    lon: float | None
    elevation_m: float | None
    temperature_c: float | None
    dew_point_c: float | None
    humidity_pct: float | None
    pressure_sea_level_hpa: float | None
    pressure_station_hpa: float | None
    wind_speed_ms: float | None
    wind_direction_deg: float | None
    wind_gust_ms: float | None
    precipitation_1h_mm: float | None
    visibility_m: float | None
    visibility_is_lower_bound: bool | None
    weather_code: str | None
    heat_index_c: float | None
    wind_chill_c: float | None
    beaufort: Int32 | None
    quality: Literal["good", "suspect"]
    quality_flags: str | None


class WeatherObservation(Struct, frozen=True, kw_only=True):
    """One reading of one station as its source gave it, in our units."""

    source: str
    station_id: str
    observed_at: UtcTime
    ingested_at: UtcTime
    revision: Int32
    lat: float | None
    lon: float | None
    elevation_m: float | None
    temperature_c: float | None
    dew_point_c: float | None
    humidity_pct: float | None
    pressure_sea_level_hpa: float | None
    pressure_station_hpa: float | None
    wind_speed_ms: float | None
    wind_direction_deg: float | None
    wind_gust_ms: float | None
    precipitation_1h_mm: float | None
    visibility_m: float | None
    visibility_is_lower_bound: bool | None
    weather_code: str | None


class WeatherWindow(Struct, frozen=True, kw_only=True):
    """What one station did in one window of event time; a correction is a higher revision of the same window."""

    window_kind: Literal["h1", "h3", "h24"]
    source: str
    station_id: str
    window_start: UtcTime
    window_end: UtcTime
    revision: Int64
    observation_count: Int64
    temperature_count: Int64
    temperature_min_c: float | None
    temperature_max_c: float | None
    temperature_mean_c: float | None
    wind_vector_speed_ms: float | None
    wind_vector_direction_deg: float | None
    precipitation_total_mm: float | None
    completeness: float
