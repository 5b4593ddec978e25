"""Windows of event time that are corrected after they have closed.

Each window is emitted once when the watermark passes its end, and again for every record that comes later, within the
allowed lateness (the state of a window is kept that long and no longer). Input is the updating stream of newest
revisions: a revision takes the old values back and puts the new ones in. SUM(revision + 1) rises with every change, so it
is the window's own revision without a counter to keep; consumers take the highest. docs/decisions/0004 has what else was
measured.
"""

from jobs.meteorology import mean_vector
from jobs.settings import JobSettings

HOUR = "INTERVAL '1' HOUR"

GROUPINGS = {
    "h1": (1, f"TUMBLE(row_time, {HOUR})"),
    "h3": (3, f"HOP(row_time, {HOUR}, INTERVAL '3' HOUR)"),
    "h24": (24, "TUMBLE(row_time, INTERVAL '24' HOUR)"),
}

CALM_MS = 1e-9
"""A mean vector shorter than this has no direction: what is left of opposite winds is rounding."""


def configuration(settings: JobSettings) -> dict[str, str]:
    """Planner settings that make closed windows take late records at once."""
    return {
        "table.exec.emit.late-fire.enabled": "true",
        "table.exec.emit.late-fire.delay": "0 ms",
        "table.exec.emit.allow-lateness": f"{settings.allowed_lateness_h} h",
        # the key of a window is the sink's key: nothing needs to be put back in order before the sink
        "table.exec.sink.upsert-materialize": "NONE",
    }


def newest_view() -> str:
    """The newest revision of each observation, only with what windows need."""
    return """CREATE TEMPORARY VIEW newest AS
        SELECT source, station_id, row_time, revision, temperature_c, wind_speed_ms, wind_direction_deg, precipitation_1h_mm
        FROM (SELECT *, ROW_NUMBER() OVER (
                PARTITION BY source, station_id, row_time ORDER BY revision DESC) AS place FROM accepted)
        WHERE place = 1"""


def _select(kind: str, hours: int, group: str, settings: JobSettings) -> str:
    start, end = (group.replace(group.split("(")[0], group.split("(")[0] + suffix, 1) for suffix in ("_START", "_END"))
    east, north = mean_vector()
    expected = f"CAST({hours * settings.observations_per_hour} AS DOUBLE)"
    return f"""SELECT '{kind}' AS window_kind, source, station_id,
            CAST({start} AS TIMESTAMP(3)) AS starts, CAST({end} AS TIMESTAMP(3)) AS ends,
            SUM(CAST(revision AS BIGINT) + 1) AS revision, COUNT(*) AS observation_count,
            COUNT(temperature_c) AS temperature_count, MIN(temperature_c) AS temperature_min_c,
            MAX(temperature_c) AS temperature_max_c, AVG(temperature_c) AS temperature_mean_c,
            {east} AS east, {north} AS north, SUM(precipitation_1h_mm) AS precipitation_total_mm,
            COUNT(temperature_c) / {expected} AS completeness
        FROM newest GROUP BY source, station_id, {group}"""


def windows_view(settings: JobSettings) -> str:
    """All windows in the columns of the record WeatherWindow."""
    selects = "\n        UNION ALL ".join(_select(k, hours, group, settings) for k, (hours, group) in GROUPINGS.items())
    length = "SQRT(east * east + north * north)"
    degrees = "DEGREES(ATAN2(east, north))"
    return f"""CREATE TEMPORARY VIEW window_rows AS
        SELECT window_kind, source, station_id,
            CAST(starts AS TIMESTAMP_LTZ(3)) AS window_start, CAST(ends AS TIMESTAMP_LTZ(3)) AS window_end,
            revision, observation_count, temperature_count, temperature_min_c, temperature_max_c, temperature_mean_c,
            {length} AS wind_vector_speed_ms,
            CASE WHEN {length} > {CALM_MS} THEN CASE WHEN {degrees} < 0 THEN {degrees} + 360 ELSE {degrees} END END
                AS wind_vector_direction_deg,
            precipitation_total_mm, completeness
        FROM ({selects})"""
