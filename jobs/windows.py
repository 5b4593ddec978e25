"""Windows of event time that stay right whatever comes late.

`series_windows` (jobs/java) says a window when the watermark passes its end, and once more, with a higher revision, for
every record that still changes it: a revision, or a record that comes late. Consumers take the highest revision. The
watermark decides only when a window is said, never what it holds, so a partition that was silent for a while, and was
not waited for, costs another version and no record. Here the sums become the columns of the contract.
docs/decisions/0004 has what else was measured.
"""

from jobs.meteorology import wind_vector
from jobs.settings import JobSettings
from jobs.sql import View, literal

KINDS = ((1, 1), (3, 1), (24, 24))
"""Length in hours, and hours from one start to the next."""

VECTORS = dict(zip(("wind_east_ms", "wind_north_ms"), wind_vector(), strict=True))
"""Columns to be summed that an observation has not: winds are averaged as vectors."""

SUMMED = ("temperature_c", *VECTORS, "precipitation_1h_mm")

CALM_MS = 1e-9
"""A mean vector shorter than this has no direction: what is left of opposite winds is rounding."""


def views(settings: JobSettings) -> list[View]:
    """Views from `accepted` to `window_rows`."""
    vectors = ", ".join(f"{expression} AS {name}" for name, expression in VECTORS.items())
    kinds = ", ".join(f"{hours}/{step}" for hours, step in KINDS)
    means = ", ".join(
        f"{name}_sum / {name}_count AS {short}" for name, short in zip(VECTORS, ("east", "north"), strict=True)
    )
    length, degrees = "SQRT(east * east + north * north)", "DEGREES(ATAN2(east, north))"
    return [
        View(
            "summands",
            f"""SELECT source, station_id, never_late, observed_at, revision,
            temperature_c, precipitation_1h_mm, {vectors}
        FROM accepted""",
        ),
        View(
            "window_sums",
            f"""SELECT *, {means} FROM series_windows(
            series => TABLE summands PARTITION BY (source, station_id),
            summed => {literal(", ".join(SUMMED))},
            kinds => {literal(kinds)},
            retention_hours => {settings.retention_h},
            on_time => DESCRIPTOR(never_late),
            uid => 'station-windows')""",
        ),
        View(
            "window_rows",
            f"""SELECT CONCAT('h', CAST(window_hours AS STRING)) AS window_kind, source, station_id,
            window_start, window_end, revision, observation_count,
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
