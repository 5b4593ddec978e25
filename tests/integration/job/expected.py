"""What the job must say about the year of nyc-2013, computed from the CSV in pandas and NumPy, once more and otherwise.

Nothing of `jobs` or `producer` is imported: formulas, limits and thresholds are written out again from their sources
(NWS SR 90-23, the wind chill of 2001, WMO-No.8 and WMO-No.305), whole columns at a time, where the job goes record by
record. Tables carry the columns of the contracts, so that rows can be held against rows, field by field.
"""

from dataclasses import dataclass
from io import BytesIO

import numpy as np
import pandas as pd

SOURCE = "nyc-2013"
STATION = ["source", "station_id"]
IDENTITY = [*STATION, "observed_at"]

HIGHEST_WIND_MS = {"winter": 125.0, "summer": 150.0}
"""Beyond it a wind speed is an error south of 45 degrees; the only limit that a record of this year breaks."""

STEPS = {
    "temperature_c": [(1, 4), (2, 7), (3, 9), (6, 15), (12, 25)],
    "dew_point_c": [(1, 4), (2, 6), (3, 8), (6, 12), (12, 20)],
    "pressure_sea_level_hpa": [(1, 3), (2, 6), (3, 9), (6, 18), (12, 36)],
}
"""WMO-No.305: hours since the record before, and the largest honest change over so many."""

STUCK = {"temperature_c": 18, "pressure_sea_level_hpa": 9}
STUCK_READINGS = 6

BASELINE_VALUES, BASELINE_LEAST = 21, 7
BASELINE_VARIABLES = ("temperature_c", "pressure_sea_level_hpa", "wind_speed_ms")
WARNING, SEVERE, LEAST_SPREAD = 4.0, 8.0, 1.0

WINDOWS = (("h1", 1, (0,)), ("h3", 3, (0, 1, 2)), ("h24", 24, (0,)))
"""Kind, hours, and how many hours before its own a record's windows begin."""

CALM_MS = 1e-9


@dataclass(frozen=True)
class Expected:
    """Tables by the names that Postgres has for them, and what must have been refused."""

    enriched: pd.DataFrame
    windows: pd.DataFrame
    anomalies: pd.DataFrame
    refused: pd.DataFrame


def compute(csv: bytes) -> Expected:
    """Everything the job must have written when it has read the whole file."""
    observations = read(csv)
    winter = observations.observed_at.dt.month.isin([10, 11, 12, 1, 2, 3])
    highest = np.where(winter, HIGHEST_WIND_MS["winter"], HIGHEST_WIND_MS["summer"])
    erroneous = observations.wind_speed_ms > highest
    accepted = observations[~erroneous].reset_index(drop=True)
    return Expected(enriched(accepted), windows(accepted), anomalies(accepted), observations[erroneous])


def read(csv: bytes) -> pd.DataFrame:
    """The file in our units, three decimals, in order of station and time."""
    raw = pd.read_csv(BytesIO(csv))
    foot = 0.3048
    airports = {
        "EWR": (40.6925, -74.168667, 18 * foot),
        "JFK": (40.639751, -73.778925, 13 * foot),
        "LGA": (40.777245, -73.872608, 22 * foot),
    }
    place = pd.DataFrame([airports[name] for name in raw.origin], columns=["lat", "lon", "elevation_m"])
    capped = (raw.visib >= 10).astype(object).where(raw.visib.notna(), None)
    columns = {
        "source": SOURCE,
        "station_id": raw.origin,
        "observed_at": pd.to_datetime(raw.time_hour, utc=True),
        "revision": 0,
        "lat": place.lat,
        "lon": place.lon,
        "elevation_m": place.elevation_m.round(3),
        "temperature_c": ((raw.temp - 32) * 5 / 9).round(3),
        "dew_point_c": ((raw.dewp - 32) * 5 / 9).round(3),
        "humidity_pct": raw.humid,
        "pressure_sea_level_hpa": raw.pressure,
        "pressure_station_hpa": np.nan,
        "wind_speed_ms": (raw.wind_speed * 1609.344 / 3600).round(3),
        "wind_direction_deg": raw.wind_dir,
        "wind_gust_ms": (raw.wind_gust * 1609.344 / 3600).round(3),
        "precipitation_1h_mm": (raw.precip * 25.4).round(3),
        "visibility_m": (raw.visib * 1609.344).round(3),
        "visibility_is_lower_bound": capped,
        "weather_code": None,
    }
    return pd.DataFrame(columns).sort_values(IDENTITY).reset_index(drop=True)


# ---- derived quantities ----


def dew_point(t: pd.Series, rh: pd.Series) -> pd.Series:
    """Magnus over water."""
    gamma = np.log(rh.where(rh > 0) / 100) + 17.62 * t / (243.12 + t)
    return 243.12 * gamma / (17.62 - gamma)


def heat_index(t: pd.Series, rh: pd.Series) -> pd.Series:
    """Rothfusz with its two adjustments, in degF and back."""
    f = t * 9 / 5 + 32
    simple = 0.5 * (f + 61.0 + (f - 68.0) * 1.2 + rh * 0.094)
    terms = (
        (-42.379, 0, 0),
        (2.04901523, 1, 0),
        (10.14333127, 0, 1),
        (-0.22475541, 1, 1),
        (-6.83783e-3, 2, 0),
        (-5.481717e-2, 0, 2),
        (1.22874e-3, 2, 1),
        (8.5282e-4, 1, 2),
        (-1.99e-6, 2, 2),
    )
    full = sum((factor * f**i * rh**j for factor, i, j in terms), start=pd.Series(0.0, index=t.index))
    dry = (rh < 13) & f.between(80, 112)
    damp = (rh > 85) & f.between(80, 87)
    full = full - ((13 - rh) / 4 * np.sqrt((17 - (f - 95).abs()).clip(lower=0) / 17)).where(dry, 0)
    full = full + ((rh - 85) / 10 * (87 - f) / 5).where(damp, 0)
    return (simple.where(simple < 80, full) - 32) * 5 / 9


def wind_chill(t: pd.Series, wind: pd.Series) -> pd.Series:
    """The index of 2001, where it is defined."""
    kmh = wind * 3.6
    v = kmh**0.16
    return (13.12 + 0.6215 * t + (0.3965 * t - 11.37) * v).where((t <= 10) & (kmh > 4.8))


def beaufort(wind: pd.Series) -> pd.Series:
    """Number of lower bounds reached."""
    bounds = [0.3, 1.6, 3.4, 5.5, 8.0, 10.8, 13.9, 17.2, 20.8, 24.5, 28.5, 32.7]
    return pd.Series(np.searchsorted(bounds, wind, side="right"), index=wind.index, dtype=float).where(wind.notna())


def enriched(accepted: pd.DataFrame) -> pd.DataFrame:
    """Every accepted record with derived quantities and flags."""
    rows = accepted.copy()
    filled = rows.dew_point_c.isna() & dew_point(rows.temperature_c, rows.humidity_pct).notna()
    rows["dew_point_c"] = rows.dew_point_c.fillna(dew_point(rows.temperature_c, rows.humidity_pct))
    rows["heat_index_c"] = heat_index(rows.temperature_c, rows.humidity_pct)
    rows["wind_chill_c"] = wind_chill(rows.temperature_c, rows.wind_speed_ms)
    rows["beaufort"] = beaufort(rows.wind_speed_ms)
    raised = _flags(accepted, rows)
    suspect = np.logical_or.reduce([mask.to_numpy() for mask in raised.values()])
    rows["quality"] = np.where(suspect, "suspect", "good")
    raised["derived:dew_point_c"] = filled
    names, masks = list(raised), np.column_stack([mask.to_numpy() for mask in raised.values()])
    texts = [",".join(name for name, on in zip(names, row, strict=True) if on) or None for row in masks]
    rows["quality_flags"] = pd.Series(texts, index=rows.index, dtype=object)
    return rows


# ---- flags ----


def _flags(accepted: pd.DataFrame, rows: pd.DataFrame) -> dict[str, "pd.Series[bool]"]:
    """Masks in the order in which the flags are written. South of 45 degrees north."""
    winter = accepted.observed_at.dt.month.isin([10, 11, 12, 1, 2, 3])
    good = {
        "temperature_c": (winter.map({True: -30, False: -20}), 50),
        "dew_point_c": (-80, 35),
        "pressure_sea_level_hpa": (winter.map({True: 910, False: 900}), 1080),
        "wind_speed_ms": (0, winter.map({True: 60, False: 90})),
    }
    flags = {}
    for name, (low, high) in good.items():
        flags[f"range:{name}"] = (rows[name] < low) | (rows[name] > high)
    by_station = accepted.groupby(STATION, sort=False)
    hours = by_station.observed_at.diff().dt.total_seconds() / 3600
    for name, limits in STEPS.items():
        limit = pd.Series(np.select([hours <= h for h, _ in limits], [value for _, value in limits], np.nan))
        flags[f"step:{name}"] = (rows[name] - by_station[name].shift()).abs() > limit
    for name, longest in STUCK.items():
        changed = accepted[name] != by_station[name].shift()  # a null equals nothing, so it ends a run
        run = accepted.groupby([*STATION, changed.groupby([accepted.source, accepted.station_id]).cumsum()])
        lasted = accepted.observed_at - run.observed_at.transform("first")
        long_enough = (lasted >= pd.Timedelta(hours=longest)) & (run.cumcount() >= STUCK_READINGS - 1)
        flags[f"stuck:{name}"] = long_enough & accepted[name].notna()
    flags["inconsistent:dew_point_c"] = accepted.dew_point_c > accepted.temperature_c
    flags["inconsistent:wind_gust_ms"] = accepted.wind_gust_ms < accepted.wind_speed_ms
    return flags


# ---- windows ----


def windows(accepted: pd.DataFrame) -> pd.DataFrame:
    """The last version of every window."""
    angle = np.radians(accepted.wind_direction_deg)
    rows = accepted.assign(east=accepted.wind_speed_ms * np.sin(angle), north=accepted.wind_speed_ms * np.cos(angle))
    made = []
    for kind, hours, offsets in WINDOWS:
        start = rows.observed_at.dt.floor("D" if hours == 24 else "h")
        members = pd.concat([rows.assign(window_start=start - pd.Timedelta(hours=offset)) for offset in offsets])
        sums = members.groupby([*STATION, "window_start"])
        table = sums.agg(
            observation_count=("observed_at", "size"),
            temperature_count=("temperature_c", "count"),
            temperature_min_c=("temperature_c", "min"),
            temperature_max_c=("temperature_c", "max"),
            temperature_mean_c=("temperature_c", "mean"),
            east=("east", "mean"),
            north=("north", "mean"),
        ).assign(precipitation_total_mm=sums.precipitation_1h_mm.sum(min_count=1))
        table = table.reset_index()
        table.insert(0, "window_kind", kind)
        table["window_end"] = table.window_start + pd.Timedelta(hours=hours)
        table["revision"] = table.observation_count  # every observation counts once and none was revised
        table["completeness"] = table.temperature_count / hours
        made.append(table)
    found = pd.concat(made, ignore_index=True)
    found["wind_vector_speed_ms"] = np.hypot(found.east, found.north)
    degrees = np.degrees(np.arctan2(found.east, found.north)) % 360
    found["wind_vector_direction_deg"] = degrees.where(found.wind_vector_speed_ms > CALM_MS)
    return found.drop(columns=["east", "north"])


# ---- anomalies ----


def anomalies(accepted: pd.DataFrame) -> pd.DataFrame:
    """Values far from the mean of the last 21 of the same station and hour of day; nulls among them are absent."""
    hour = accepted.observed_at.dt.hour.rename("hour")
    found = []
    for variable in BASELINE_VARIABLES:
        same_hour = accepted.groupby([*STATION, hour])[variable]
        before = pd.concat([same_hour.shift(back) for back in range(1, BASELINE_VALUES + 1)], axis=1)
        enough = before.notna().sum(axis=1) >= BASELINE_LEAST
        mean = before.mean(axis=1).where(enough)
        spread = before.std(axis=1, ddof=0).clip(lower=LEAST_SPREAD)
        score = (accepted[variable] - mean) / spread
        table = accepted[IDENTITY].assign(
            variable=variable,
            value=accepted[variable],
            expected=mean,
            expected_low=mean - WARNING * spread,
            expected_high=mean + WARNING * spread,
            score=score,
            severity=np.where(score.abs() > SEVERE, "severe", "warning"),
            method="hour-of-day mean of 21 values, 4 standard deviations",
        )
        found.append(table[score.abs() > WARNING])
    return pd.concat(found, ignore_index=True)
