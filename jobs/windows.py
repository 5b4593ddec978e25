"""Windows of event time that stay right whatever comes late.

Every accepted record changes the windows it belongs to, and each changed window is emitted as a new version of itself:
its current hour is there while it runs, and a revision or a record that comes after the window has closed corrects it.
No watermark decides what a window contains: a source that starves for a while cannot make records miss their window. The
sums are kept by `series_history`, beside the readings they are made of; here they become the columns of the contract,
after the versions of a moment have been folded into the last of them. Each version has a higher revision than the one
before; consumers take the highest. docs/decisions/0004 has what else was measured.
"""

from jobs.meteorology import wind_vector
from jobs.settings import JobSettings
from jobs.sql import View

KINDS = (("h1", 1, 1), ("h3", 3, 1), ("h24", 24, 24))
"""Name, length in hours, hours from one start to the next."""

VECTORS = dict(zip(("wind_east_ms", "wind_north_ms"), wind_vector(), strict=True))
"""Columns to be summed that an observation has not: winds are averaged as vectors."""

SUMMED = ("temperature_c", *VECTORS, "precipitation_1h_mm")

CALM_MS = 1e-9
"""A mean vector shorter than this has no direction: what is left of opposite winds is rounding."""


CONFIGURATION = {
    "table.exec.mini-batch.enabled": "true",
    # counted in event time here, where an hour passes at once: a fold ends with a watermark or with a checkpoint
    "table.exec.mini-batch.allow-latency": "1 s",
    "pipeline.auto-watermark-interval": "500 ms",
    "table.exec.mini-batch.size": "20000",
    # folding then needs no state: the sink takes each version as an upsert, whether it is the first or not
    "table.exec.deduplicate.insert-update-after-sensitive-enabled": "false",
    "table.exec.deduplicate.mini-batch.compact-changes-enabled": "true",
    # the key of a window is the sink's key: nothing needs to be put back in order before the sink
    "table.exec.sink.upsert-materialize": "NONE",
}
"""Planner settings that fold the changes of a moment into one version of a window."""


def views(settings: JobSettings) -> list[View]:
    """Views from `histories` to `window_rows`."""
    sums = ["window_kind", "window_hours", "window_start", "window_revision", "observations"]
    sums += [f"{name}_{part}" for name in SUMMED for part in ("count", "sum", "min", "max")]
    east, north = (f"({name}_sum / {name}_count)" for name in VECTORS)
    length, degrees = "SQRT(east * east + north * north)", "DEGREES(ATAN2(east, north))"
    return [
        View(
            "window_versions",
            f"""SELECT source, station_id, PROCTIME() AS changed_at, {", ".join(sums)}
        FROM histories CROSS JOIN UNNEST(changed_windows) AS w ({", ".join(sums)})""",
        ),
        View(
            "window_sums",
            f"""SELECT *, {east} AS east, {north} AS north
        FROM (SELECT *, ROW_NUMBER() OVER (
                PARTITION BY window_kind, source, station_id, window_start ORDER BY changed_at DESC) AS place
            FROM window_versions)
        WHERE place = 1""",
        ),
        View(
            "window_rows",
            f"""SELECT window_kind, source, station_id, window_start,
            TIMESTAMPADD(HOUR, window_hours, window_start) AS window_end,
            window_revision AS revision, observations AS observation_count,
            temperature_c_count AS temperature_count, temperature_c_min AS temperature_min_c,
            temperature_c_max AS temperature_max_c, temperature_c_sum / temperature_c_count AS temperature_mean_c,
            {length} AS wind_vector_speed_ms,
            CASE WHEN {length} > {CALM_MS} THEN CASE WHEN {degrees} < 0 THEN {degrees} + 360 ELSE {degrees} END END
                AS wind_vector_direction_deg,
            precipitation_1h_mm_sum AS precipitation_total_mm,
            temperature_c_count / (window_hours * {settings.observations_per_hour}e0) AS completeness
        FROM window_sums""",
        ),
    ]
