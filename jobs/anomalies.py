"""Anomalies against a deseasonalised rolling baseline, found as records arrive.

The baseline of a value is the mean and standard deviation of the same station's last DAYS values at the same hour of
the day: the daily cycle is taken out by comparing nine o'clock with nine o'clock. A value further than WARNING standard
deviations from that mean is an anomaly. Every first arrival is judged as it arrives, without waiting for a watermark.
Every exceedance is a record; keeping an alarm quiet for a while is left to whoever raises it: a pause counted in
arrivals would differ between two runs over the same input.
"""

from jobs.sql import View

DAYS = 21
"""Values of the same hour that make the baseline: long enough for a spread, short enough to follow the season."""
LEAST_VALUES = 7
WARNING, SEVERE = 4.0, 8.0
"""Distances in standard deviations; textbook 3 is far too eager on weather, which is autocorrelated."""

SPREAD_FLOOR = {"temperature_c": 1.0, "pressure_sea_level_hpa": 1.0, "wind_speed_ms": 1.0}
"""Least standard deviation by variable: a week without change must not make the first breath of wind an anomaly."""

METHOD = f"hour-of-day mean of {DAYS} values, {WARNING:g} standard deviations"


def views() -> list[View]:
    """Views from `histories` to `anomaly_rows`."""
    spread = {name: f"GREATEST({name}_usual_deviation, {floor})" for name, floor in SPREAD_FLOOR.items()}
    far = " OR ".join(
        f"{name}_usual_count >= {LEAST_VALUES} AND ABS({name} - {name}_usual_mean) > {WARNING} * {spread[name]}"
        for name in SPREAD_FLOOR
    )
    rows = ", ".join(
        f"ROW('{name}', {name}, {name}_usual_count, {name}_usual_mean, {spread[name]})" for name in SPREAD_FLOOR
    )
    return [
        View(
            "exceedances",
            f"""SELECT source, station_id, observed_at, v.variable, v.`value`, v.expected, v.spread,
            (v.`value` - v.expected) / v.spread AS score
        FROM (SELECT * FROM histories WHERE first_arrival AND ({far}))
            CROSS JOIN UNNEST(ARRAY[{rows}]) AS v (variable, `value`, n, expected, spread)
        WHERE n >= {LEAST_VALUES} AND ABS(v.`value` - v.expected) > {WARNING} * v.spread""",
        ),
        View(
            "anomaly_rows",
            f"""SELECT source, station_id, observed_at, CURRENT_ROW_TIMESTAMP() AS detected_at,
            variable, `value`, expected, expected - {WARNING} * spread AS expected_low,
            expected + {WARNING} * spread AS expected_high, score,
            CASE WHEN ABS(score) > {SEVERE} THEN 'severe' ELSE 'warning' END AS severity, '{METHOD}' AS `method`
        FROM exceedances""",
        ),
    ]
