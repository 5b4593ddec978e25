"""Windows of event time that stay right whatever comes late, by an updating aggregation.

Every accepted record changes the windows it belongs to, and each changed window is emitted as a new version of itself:
its current hour is there while it runs, and a revision or a record that comes after the window has closed corrects it.
No watermark decides what a window contains (a source that starves for a while cannot make records miss their window);
state is bounded by the job's state TTL. A revision takes the old values back and puts the new ones in. SUM(revision+1)
rises with every change, so it is the window's own revision without a counter to keep; consumers take the highest and
ignore tombstones. docs/decisions/0004 has what else was measured.
"""

from jobs.meteorology import mean_vector
from jobs.settings import JobSettings

_HOUR = "FLOOR(CAST(row_time AS TIMESTAMP_LTZ(3)) TO HOUR)"
_DAY = "FLOOR(CAST(row_time AS TIMESTAMP_LTZ(3)) TO DAY)"

MEMBERSHIPS = (
    ("h1", 1, _HOUR),
    ("h24", 24, _DAY),
    ("h3", 3, _HOUR),
    ("h3", 3, f"{_HOUR} - INTERVAL '1' HOUR"),
    ("h3", 3, f"{_HOUR} - INTERVAL '2' HOUR"),
)
"""The windows one record belongs to: kind, length in hours, start."""

CALM_MS = 1e-9
"""A mean vector shorter than this has no direction: what is left of opposite winds is rounding."""


def configuration(settings: JobSettings) -> dict[str, str]:
    """Planner settings that fold the changes of a moment into one version of a window."""
    return {
        "table.exec.mini-batch.enabled": "true",
        "table.exec.mini-batch.allow-latency": f"{settings.window_latency_ms} ms",
        "table.exec.mini-batch.size": "20000",
        # the key of a window is the sink's key: nothing needs to be put back in order before the sink
        "table.exec.sink.upsert-materialize": "NONE",
    }


def views(settings: JobSettings) -> list[str]:
    """Views from `accepted` to `window_rows`."""
    east, north = mean_vector()
    values = "temperature_c, wind_speed_ms, wind_direction_deg, precipitation_1h_mm"
    length, degrees = "SQRT(east * east + north * north)", "DEGREES(ATAN2(east, north))"
    members = ", ".join(f"ROW(CAST('{kind}' AS STRING), {hours}, {start})" for kind, hours, start in MEMBERSHIPS)
    return [
        f"""CREATE TEMPORARY VIEW newest AS
        SELECT source, station_id, row_time, revision, {values}
        FROM (SELECT *, ROW_NUMBER() OVER (
                PARTITION BY source, station_id, row_time ORDER BY revision DESC) AS place FROM accepted)
        WHERE place = 1""",
        f"""CREATE TEMPORARY VIEW window_sums AS
        SELECT window_kind, hours, source, station_id, window_start,
            SUM(CAST(revision AS BIGINT) + 1) AS revision, COUNT(*) AS observation_count,
            COUNT(temperature_c) AS temperature_count, MIN(temperature_c) AS temperature_min_c,
            MAX(temperature_c) AS temperature_max_c, AVG(temperature_c) AS temperature_mean_c,
            {east} AS east, {north} AS north, SUM(precipitation_1h_mm) AS precipitation_total_mm
        FROM newest CROSS JOIN UNNEST(ARRAY[{members}]) AS membership (window_kind, hours, window_start)
        GROUP BY window_kind, hours, source, station_id, window_start""",
        f"""CREATE TEMPORARY VIEW window_rows AS
        SELECT window_kind, source, station_id, window_start, TIMESTAMPADD(HOUR, hours, window_start) AS window_end,
            revision, observation_count, temperature_count, temperature_min_c, temperature_max_c, temperature_mean_c,
            {length} AS wind_vector_speed_ms,
            CASE WHEN {length} > {CALM_MS} THEN CASE WHEN {degrees} < 0 THEN {degrees} + 360 ELSE {degrees} END END
                AS wind_vector_direction_deg,
            precipitation_total_mm, temperature_count / (hours * {settings.observations_per_hour}e0) AS completeness
        FROM window_sums""",
    ]
