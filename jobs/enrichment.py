"""From `histories` to `enriched_rows`: first arrivals with derived values and quality flags."""

from jobs import meteorology, quality
from jobs.history import TRACKED
from jobs.observation import FIELDS
from jobs.sql import View, once


def _derived() -> list[View]:
    given = ", ".join(field.name for field in FIELDS if field.name != "dew_point_c")
    compared = ", ".join(f"{name}_previous, {name}_since, {name}_readings" for name in TRACKED)
    dew_point = once(f"COALESCE(dew_point_c, {meteorology.dew_point_c()})")
    reduced = once(f"CASE WHEN pressure_sea_level_hpa IS NULL THEN {meteorology.sea_level_pressure_hpa()} END")
    return [
        View(
            "with_dew_point",
            f"""SELECT {given}, climate, {compared},
            dew_point_c AS reported_dew_point_c, {dew_point} AS dew_point_c,
            TIMESTAMPDIFF(SECOND, previous_at, observed_at) / 3600.0e0 AS hours
        FROM histories WHERE first_arrival""",
        ),
        View("derived", f"SELECT *, {reduced} AS reduced_hpa FROM with_dew_point"),
    ]


def _flagged() -> View:
    suspicions = ", ".join(
        [quality.range_flags(), *quality.step_flags(), *quality.stuck_flags(), *quality.consistency_flags()]
    )
    fills = ", ".join(
        [
            "CASE WHEN reported_dew_point_c IS NULL AND dew_point_c IS NOT NULL THEN 'derived:dew_point_c' END",
            "CASE WHEN reduced_hpa IS NOT NULL THEN 'derived:pressure_sea_level_hpa' END",
        ]
    )
    return View(
        "flagged",
        f"""SELECT *,
            {once(f"NULLIF(CONCAT_WS(',', {suspicions}), '')")} AS suspicions,
            NULLIF(CONCAT_WS(',', {fills}), '') AS fills
        FROM derived""",
    )


def _rows() -> View:
    filled = {"pressure_sea_level_hpa": "COALESCE(pressure_sea_level_hpa, reduced_hpa)"}
    values = ", ".join(filled.get(field.name, field.name) for field in FIELDS)
    return View(
        "enriched_rows",
        f"""SELECT {values},
            {meteorology.heat_index_c()} AS heat_index_c,
            {meteorology.wind_chill_c()} AS wind_chill_c,
            {meteorology.beaufort()} AS beaufort,
            CASE WHEN suspicions IS NULL THEN 'good' ELSE 'suspect' END AS quality,
            CASE WHEN suspicions IS NULL THEN fills WHEN fills IS NULL THEN suspicions
                ELSE CONCAT(suspicions, ',', fills) END AS quality_flags
        FROM flagged""",
    )


def views() -> list[View]:
    """Views from `histories` to `enriched_rows`."""
    return [*_derived(), _flagged(), _rows()]
