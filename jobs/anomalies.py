"""Anomalies against a deseasonalised rolling baseline, found as records arrive.

The baseline of a value is the mean and standard deviation of the same station's values at the same hour of the day over
its last DAYS days: the daily cycle is taken out by comparing nine o'clock with nine o'clock. A value further than
WARNING standard deviations from that mean is an anomaly. Every accepted record is judged in arrival order, without
waiting for a watermark, and repeats are taken out at the end. Every exceedance is a record; keeping an alarm quiet for
a while is left to whoever raises it: a pause counted by arrival would differ between two runs over the same input.
"""

from jobs.sql import once

DAYS = 21
"""Values of the same hour that make the baseline: long enough for a spread, short enough to follow the season."""
LEAST_VALUES = 7
WARNING, SEVERE = 4.0, 8.0
"""Distances in standard deviations; textbook 3 is far too eager on weather, which is autocorrelated."""

SPREAD_FLOOR = {"temperature_c": 1.0, "pressure_sea_level_hpa": 1.0, "wind_speed_ms": 1.0}
"""Least standard deviation by variable: a week without change must not make the first breath of wind an anomaly."""

METHOD = f"hour-of-day mean of {DAYS} values, {WARNING:g} standard deviations"


def views() -> list[str]:
    """Views from `accepted` to `anomaly_rows`."""
    names = list(SPREAD_FLOOR)
    sums = ",\n            ".join(
        f"COUNT({n}) OVER w - CASE WHEN {n} IS NULL THEN 0 ELSE 1 END AS {n}_n,"
        f" COALESCE(SUM({n}) OVER w, 0) - COALESCE({n}, 0) AS {n}_sum,"
        f" COALESCE(SUM({n} * {n}) OVER w, 0) - COALESCE({n} * {n}, 0) AS {n}_squares"
        for n in names
    )
    moments = ", ".join(
        f"{once(f'CASE WHEN {n}_n >= {LEAST_VALUES} THEN {n}_sum / {n}_n END')} AS {n}_mean,"
        f" {n}_squares / {n}_n AS {n}_square"
        for n in names
    )
    spread = {
        n: f"GREATEST(SQRT(GREATEST({n}_square - {n}_mean * {n}_mean, 0)), {floor})"
        for n, floor in SPREAD_FLOOR.items()
    }
    far = " OR ".join(f"ABS({n} - {n}_mean) > {WARNING} * {spread[n]}" for n in names)
    rows = ", ".join(f"ROW('{n}', {n}, {n}_mean, {spread[n]})" for n in names)
    return [
        f"""CREATE TEMPORARY VIEW hourly_sums AS
        SELECT source, station_id, row_time, arrived, {", ".join(names)},
            {sums}
        FROM (SELECT source, station_id, row_time, arrived, {", ".join(names)},
            EXTRACT(HOUR FROM row_time) AS hour_of_day FROM accepted)
        WINDOW w AS (PARTITION BY source, station_id, hour_of_day ORDER BY arrived
            ROWS BETWEEN {DAYS} PRECEDING AND CURRENT ROW)""",
        f"""CREATE TEMPORARY VIEW far_rows AS
        SELECT * FROM (SELECT source, station_id, row_time, arrived, {", ".join(names)}, {moments} FROM hourly_sums)
        WHERE {far}""",
        f"""CREATE TEMPORARY VIEW exceedances AS
        SELECT source, station_id, row_time, arrived, v.variable, v.`value`, v.expected, v.spread,
            (v.`value` - v.expected) / v.spread AS score
        FROM far_rows CROSS JOIN UNNEST(ARRAY[{rows}]) AS v (variable, `value`, expected, spread)
        WHERE ABS(v.`value` - v.expected) > {WARNING} * v.spread""",
        f"""CREATE TEMPORARY VIEW anomaly_rows AS
        SELECT source, station_id, CAST(row_time AS TIMESTAMP_LTZ(3)) AS observed_at,
            CAST(arrived AS TIMESTAMP_LTZ(3)) AS detected_at,
            variable, `value`, expected, expected - {WARNING} * spread AS expected_low,
            expected + {WARNING} * spread AS expected_high, score,
            CASE WHEN ABS(score) > {SEVERE} THEN 'severe' ELSE 'warning' END AS severity, '{METHOD}' AS `method`
        FROM (SELECT *, COUNT(*) OVER (PARTITION BY source, station_id, row_time, variable ORDER BY arrived) AS nth
            FROM exceedances)
        WHERE nth = 1""",
    ]
