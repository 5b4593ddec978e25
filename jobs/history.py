"""What a station's history says of each accepted record: the view `histories`.

`series_history` (jobs/java) keeps the memory of a station in one keyed operator, so that its records stay in order at
any parallelism, and answers in columns; what is made of the answers is SQL. State is bounded by event time, not by a
clock on the wall: a replay of a year at full speed keeps as little of it as the year itself would.
"""

from jobs import anomalies, quality
from jobs.settings import JobSettings
from jobs.sql import View, literal

TRACKED = tuple(dict.fromkeys([*quality.STEPS, *quality.PERSISTENCE_H]))
"""Variables that some check compares with the values before."""


def views(settings: JobSettings) -> list[View]:
    """The view `histories`, from `accepted`: its columns and those of `series_history`."""
    return [
        View(
            "histories",
            f"""SELECT * FROM series_history(
            series => TABLE accepted PARTITION BY (source, station_id),
            tracked => {literal(", ".join(TRACKED))},
            usual => {literal(", ".join(anomalies.SPREAD_FLOOR))},
            baseline_values => {anomalies.DAYS},
            lateness_seconds => {settings.out_of_orderness_s},
            retention_hours => {settings.retention_h},
            uid => 'station-history')""",
        )
    ]
