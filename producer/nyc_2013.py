"""The hourly observations of New York's three airports in 2013, as records.

Units: degF, mph, inches and miles become degC, m/s, mm and m, rounded to 3 decimals: finer than any instrument that
measured them (1 degF, 1 kn, 0.01 in), coarse enough that the same figure always prints the same. Pressure is
already hPa at sea level. `NA` is null, never 0.

Time is `time_hour`, which is UTC. The columns year..hour are New York's wall clock, where one hour of November
comes twice and one of March not at all: no time can be built from them. Defects of the data (a wind speed of 1048
mph, missing hours) are published as they are: to judge them is the job's work.

Visibility is capped at 10 miles by the instrument, so 10 means "10 or more".
"""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib import resources
from itertools import groupby

from contracts import units
from contracts.types import WeatherObservation
from producer.clock import utc_now
from producer.errors import DatasetError

SOURCE = "nyc-2013"
DECIMALS = 3
HOUR = timedelta(hours=1)
MISSING = "NA"
VISIBILITY_CAP_MI = 10.0
M_PER_FOOT = 0.3048


@dataclass(frozen=True, slots=True)
class Airport:
    """Where a station stands."""

    lat: float
    lon: float
    elevation_m: float


AIRPORTS = {
    # Coordinates in degrees and altitudes in feet from the same package's data/airports.csv.
    "EWR": Airport(40.6925, -74.168667, round(18 * M_PER_FOOT, DECIMALS)),
    "JFK": Airport(40.639751, -73.778925, round(13 * M_PER_FOOT, DECIMALS)),
    "LGA": Airport(40.777245, -73.872608, round(22 * M_PER_FOOT, DECIMALS)),
}
COLUMNS = [
    "origin",
    "year",
    "month",
    "day",
    "hour",
    "temp",
    "dewp",
    "humid",
    "wind_dir",
    "wind_speed",
    "wind_gust",
    "precip",
    "pressure",
    "visib",
    "time_hour",
]


@dataclass(frozen=True, slots=True)
class Reading:
    """One row in our units, before it is given a time basis and a station name."""

    airport: str
    hour: datetime
    temperature_c: float | None
    dew_point_c: float | None
    humidity_pct: float | None
    pressure_sea_level_hpa: float | None
    wind_speed_ms: float | None
    wind_direction_deg: float | None
    wind_gust_ms: float | None
    precipitation_1h_mm: float | None
    visibility_m: float | None
    visibility_is_lower_bound: bool | None


def cut() -> bytes:
    """Two weeks of the data, shipped with the package for use without a network."""
    return resources.files("producer").joinpath("data/nyc_2013_cut.csv").read_bytes()


def _number(row: dict[str, str], column: str) -> float | None:
    return None if row[column] == MISSING else float(row[column])


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, DECIMALS)


def _reading(row: dict[str, str]) -> Reading:
    temperature_f, dew_point_f = _number(row, "temp"), _number(row, "dewp")
    wind_mph, gust_mph = _number(row, "wind_speed"), _number(row, "wind_gust")
    rain_in, visibility_mi = _number(row, "precip"), _number(row, "visib")
    return Reading(
        airport=row["origin"],
        hour=datetime.fromisoformat(row["time_hour"]),
        temperature_c=None if temperature_f is None else _rounded(units.celsius_from_fahrenheit(temperature_f)),
        dew_point_c=None if dew_point_f is None else _rounded(units.celsius_from_fahrenheit(dew_point_f)),
        humidity_pct=_number(row, "humid"),
        pressure_sea_level_hpa=_number(row, "pressure"),
        wind_speed_ms=None if wind_mph is None else _rounded(units.ms_from_mph(wind_mph)),
        wind_direction_deg=_number(row, "wind_dir"),
        wind_gust_ms=None if gust_mph is None else _rounded(units.ms_from_mph(gust_mph)),
        precipitation_1h_mm=None if rain_in is None else _rounded(units.mm_from_inches(rain_in)),
        visibility_m=None if visibility_mi is None else _rounded(units.m_from_statute_miles(visibility_mi)),
        visibility_is_lower_bound=None if visibility_mi is None else visibility_mi >= VISIBILITY_CAP_MI,
    )


def readings(data: bytes) -> list[Reading]:
    """All rows, in order of time and then station: the file itself is sorted by station.

    Raises:
        DatasetError: the columns are not the ones this module knows, or a row cannot be read.
    """
    rows = csv.DictReader(io.StringIO(data.decode("utf-8")))
    if rows.fieldnames != COLUMNS:
        raise DatasetError(f"nyc-2013: expected the columns {','.join(COLUMNS)}, found {rows.fieldnames}")
    found = []
    for row in rows:
        try:
            found.append(_reading(row))
        except (ValueError, TypeError) as error:
            raise DatasetError(f"nyc-2013 line {rows.line_num}: expected numbers and a time, found {error}") from None
    return sorted(found, key=lambda reading: (reading.hour, reading.airport))


def station_ids(airport: str, stations: int) -> list[str]:
    """The station names that carry this airport's readings when `stations` are wanted in all.

    The first three are the airports themselves; the others are clones for load tests: EWR-0001, JFK-0001, ...
    """
    index = sorted(AIRPORTS).index(airport)
    numbers = range(index, stations, len(AIRPORTS))
    return [airport if n < len(AIRPORTS) else f"{airport}-{n // len(AIRPORTS):04d}" for n in numbers]


def shift_to_now(last_hour: datetime, now: datetime) -> timedelta:
    """What to add so that the last hour is the one that runs now; whole hours, so that hourly windows stay hourly."""
    return now.replace(minute=0, second=0, microsecond=0) - last_hour


def records(found: list[Reading], shift: timedelta, stations: int = len(AIRPORTS)) -> Iterator[WeatherObservation]:
    """Observations in order of event time; within an hour, each station once."""
    names = {airport: station_ids(airport, stations) for airport in AIRPORTS}
    for hour, group in groupby(found, key=lambda reading: reading.hour):
        observed_at = hour + shift
        for reading in group:
            airport = AIRPORTS[reading.airport]
            for station_id in names[reading.airport]:
                yield WeatherObservation(
                    source=SOURCE,
                    station_id=station_id,
                    observed_at=observed_at,
                    ingested_at=utc_now(),
                    revision=0,
                    lat=airport.lat,
                    lon=airport.lon,
                    elevation_m=airport.elevation_m,
                    temperature_c=reading.temperature_c,
                    dew_point_c=reading.dew_point_c,
                    humidity_pct=reading.humidity_pct,
                    pressure_sea_level_hpa=reading.pressure_sea_level_hpa,
                    pressure_station_hpa=None,
                    wind_speed_ms=reading.wind_speed_ms,
                    wind_direction_deg=reading.wind_direction_deg,
                    wind_gust_ms=reading.wind_gust_ms,
                    precipitation_1h_mm=reading.precipitation_1h_mm,
                    visibility_m=reading.visibility_m,
                    visibility_is_lower_bound=reading.visibility_is_lower_bound,
                    weather_code=None,
                )
