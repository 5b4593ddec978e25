"""What a station's history says of each accepted record: the view `histories`, which every output but refusals reads.

`series_history` (jobs/java) keeps the memory of a station in one keyed operator, so that its records stay in order at any
parallelism, and answers in columns; what is made of the answers is SQL. State is bounded by event time, not by a clock
on the wall: a replay of a year at full speed keeps as little of it as the year itself would.
"""

from jobs import anomalies, quality, windows
from jobs.settings import JobSettings
from jobs.sql import View, literal

TRACKED = tuple(dict.fromkeys([*quality.STEPS, *quality.PERSISTENCE_H, *anomalies.SPREAD_FLOOR]))
"""Variables that some check compares with earlier values."""


def views(settings: JobSettings) -> list[View]:
    """Views from `accepted` to `histories`: its columns and those of `series_history`."""
    vectors = ", ".join(f"{expression} AS {name}" for name, expression in windows.VECTORS.items())
    kinds = ", ".join(f"{kind} {hours} {step}" for kind, hours, step in windows.KINDS)
    return [
        View("readings", f"SELECT *, {vectors} FROM accepted"),
        View(
            "histories",
            f"""SELECT * FROM series_history(
            series => TABLE readings PARTITION BY (source, station_id),
            tracked => {literal(", ".join(TRACKED))},
            summed => {literal(", ".join(windows.SUMMED))},
            kinds => {literal(kinds)},
            baseline_values => {anomalies.DAYS},
            lateness_seconds => {settings.out_of_orderness_s},
            retention_hours => {settings.retention_h},
            uid => 'station-history')""",
        ),
    ]
