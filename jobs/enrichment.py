"""From accepted observations to `enriched_rows`: first arrivals, checked against what came before, with derived values.

Order per station ends at the first exchange on another key, so the checks (keyed by station) stand before the
de-duplication (keyed by station and time), and see repeats: a repeat equals its original and lies 0 hours after it, so
no check minds it. The de-duplication counts instead of numbering rows: with mini-batches, which windows need,
ROW_NUMBER becomes an updating stream, and nothing insert-only could follow.
"""

from jobs import meteorology, quality
from jobs.observation import FIELDS
from jobs.sql import once

_BY_STATION = "WINDOW w AS (PARTITION BY source, station_id ORDER BY arrived)"


def _previous() -> str:
    values = ", ".join(f"LAG({name}) OVER w AS previous_{name}" for name in quality.STEPS)
    return f"""CREATE TEMPORARY VIEW with_previous AS
        SELECT *, COUNT(*) OVER w AS nth, MAX(observed_at) OVER w AS newest_at, LAG(observed_at) OVER w AS previous_at,
            {values}
        FROM (SELECT *, CAST(row_time AS TIMESTAMP_LTZ(3)) AS observed_at FROM accepted) {_BY_STATION}"""


def _runs() -> str:
    starts = []
    for name in quality.PERSISTENCE_H:
        same = f"COALESCE({name} = previous_{name}, FALSE)"
        starts.append(f"MAX(CASE WHEN {same} THEN NULL ELSE observed_at END) OVER w AS {name}_since")
        starts.append(f"MAX(CASE WHEN {same} THEN NULL ELSE nth END) OVER w AS {name}_first")
    return f"CREATE TEMPORARY VIEW with_runs AS SELECT *, {', '.join(starts)} FROM with_previous {_BY_STATION}"


FIRST_ARRIVALS = """CREATE TEMPORARY VIEW first_arrivals AS
        SELECT * FROM (SELECT *, COUNT(*) OVER (
            PARTITION BY source, station_id, row_time ORDER BY arrived) AS arrival FROM with_runs)
        WHERE arrival = 1"""


def _derived() -> list[str]:
    given = ", ".join(field.name for field in FIELDS if field.name != "dew_point_c")
    checked = ", ".join(
        [f"{name}_since, {name}_first" for name in quality.PERSISTENCE_H]
        + [f"previous_{name}" for name in quality.STEPS]
    )
    dew_point = once(f"COALESCE(dew_point_c, {meteorology.dew_point_c()})")
    reduced = once(f"CASE WHEN pressure_sea_level_hpa IS NULL THEN {meteorology.sea_level_pressure_hpa()} END")
    return [
        f"""CREATE TEMPORARY VIEW with_dew_point AS
        SELECT {given}, climate, nth, {checked},
            dew_point_c AS reported_dew_point_c, {dew_point} AS dew_point_c,
            TIMESTAMPDIFF(SECOND, previous_at, observed_at) / 3600.0e0 AS hours
        FROM first_arrivals""",
        f"CREATE TEMPORARY VIEW derived AS SELECT *, {reduced} AS reduced_hpa FROM with_dew_point",
    ]


def _flagged() -> str:
    suspicions = ", ".join(
        [quality.range_flags(), *quality.step_flags(), *quality.stuck_flags(), *quality.consistency_flags()]
    )
    fills = ", ".join(
        [
            "CASE WHEN reported_dew_point_c IS NULL AND dew_point_c IS NOT NULL THEN 'derived:dew_point_c' END",
            "CASE WHEN reduced_hpa IS NOT NULL THEN 'derived:pressure_sea_level_hpa' END",
        ]
    )
    return f"""CREATE TEMPORARY VIEW flagged AS SELECT *,
            {once(f"NULLIF(CONCAT_WS(',', {suspicions}), '')")} AS suspicions,
            NULLIF(CONCAT_WS(',', {fills}), '') AS fills
        FROM derived"""


def _rows() -> str:
    filled = {"pressure_sea_level_hpa": "COALESCE(pressure_sea_level_hpa, reduced_hpa)"}
    values = ", ".join(filled.get(field.name, field.name) for field in FIELDS)
    return f"""CREATE TEMPORARY VIEW enriched_rows AS
        SELECT {values},
            {meteorology.heat_index_c()} AS heat_index_c,
            {meteorology.wind_chill_c()} AS wind_chill_c,
            {meteorology.beaufort()} AS beaufort,
            CASE WHEN suspicions IS NULL THEN 'good' ELSE 'suspect' END AS quality,
            CASE WHEN suspicions IS NULL THEN fills WHEN fills IS NULL THEN suspicions
                ELSE CONCAT(suspicions, ',', fills) END AS quality_flags
        FROM flagged"""


def views() -> list[str]:
    """Views from `accepted` to `enriched_rows`; `with_previous` also serves the late topic."""
    return [_previous(), _runs(), FIRST_ARRIVALS, *_derived(), _flagged(), _rows()]
