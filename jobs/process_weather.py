"""Weather observations: refuse what is wrong, enrich what is right, sum it up, and say what is unusual.

    observations ─ judged ─┬─ refused ──────────────────────────────────────► observations.dlq   original bytes, reason
                           └─ accepted ─┬─ came after its hour had closed ──► observations.late
                                        ├─ revision > 0 ────────────────────► revisions          upsert
                                        ├─ checked in arrival order ─ first arrivals ─► enriched
                                        ├─ against the hour-of-day baseline ──────────► anomalies
                                        └─ newest revisions ─ 1 h, 3 h, 24 h windows ─► windows  upsert

Nothing waits for a watermark but the windows. Run it by `python -m jobs.process_weather`, by `flink run -py` or as a
Flink application; `--describe` prints the plan.
"""

from contracts.dead_letter import ATTEMPT, COMPONENT, FAILED_AT, REASON, SOURCE_OFFSET, SOURCE_PARTITION, SOURCE_TOPIC
from contracts.settings import KafkaSettings
from contracts.topics import Catalogue
from jobs import anomalies, meteorology, quality, windows
from jobs.cli import main
from jobs.observation import FIELDS, OBSERVED_AT_TEXT, instant, value
from jobs.observation import views as observation_views
from jobs.runtime import Job
from jobs.settings import JobSettings
from jobs.sql import EPOCH, interval, literal, once
from jobs.tables import Table, Tables
from jobs.validation import verdict

NAME = "process-weather"


def _source(tables: Tables, topics: Catalogue, settings: JobSettings) -> Table:
    observed, latest = instant(OBSERVED_AT_TEXT), f"appended_at + {interval(settings.max_future_s)}"
    return tables.source(
        "observations",
        topics.observations,
        f"""message_key BYTES, original BYTES,
        appended_at TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL, topic STRING METADATA VIRTUAL,
        kafka_partition INT METADATA FROM 'partition' VIRTUAL, kafka_offset BIGINT METADATA FROM 'offset' VIRTUAL,
        txt AS CAST(original AS STRING), arrived AS PROCTIME(),
        row_time AS COALESCE(CASE WHEN {observed} <= {latest} THEN {observed} END, {EPOCH}),
        WATERMARK FOR row_time AS row_time - {interval(settings.out_of_orderness_s)}""",
    )


def _judged(settings: JobSettings) -> list[str]:
    values = ", ".join(f"{once(f'CASE WHEN shapely THEN {value(field)} END')} AS {field.name}" for field in FIELDS)
    accepted = ", ".join(field.name for field in FIELDS if field.name != "observed_at")
    return [
        *observation_views(),
        f"""CREATE TEMPORARY VIEW typed AS SELECT message_key, original, txt, line, parts, shapely, topic, kafka_partition, kafka_offset,
            row_time, arrived, {values} FROM split""",
        f"""CREATE TEMPORARY VIEW placed AS SELECT *, {once(quality.ordinary())} AS ordinary, {once(quality.climate())} AS climate
        FROM typed""",
        f"""CREATE TEMPORARY VIEW judged AS SELECT *, {once(verdict(settings.max_future_s))} AS reason
        FROM (SELECT *, {once(f"CASE WHEN ordinary THEN CAST(NULL AS STRING) ELSE {quality.erroneous_field()} END")} AS erroneous FROM placed)""",
        f"""CREATE TEMPORARY VIEW accepted AS SELECT row_time, arrived, ordinary, climate, {accepted}
        FROM judged WHERE reason IS NULL""",
    ]


def _checked() -> list[str]:
    """Accepted records with what the checks need of the station's earlier ones, in arrival order.

    Order per station ends at the first exchange on another key, so these windows come before the de-duplication, and see
    repeats: a repeat equals its original and lies 0 hours after it, which no check minds.
    """
    steps, runs = list(quality.STEPS), list(quality.PERSISTENCE_H)
    previous = ", ".join(f"LAG({name}) OVER w AS previous_{name}" for name in steps)
    same = {name: f"COALESCE({name} = previous_{name}, FALSE)" for name in runs}
    since = ", ".join(
        f"MAX(CASE WHEN {same[n]} THEN NULL ELSE observed_at END) OVER w AS {n}_since,"
        f" MAX(CASE WHEN {same[n]} THEN NULL ELSE nth END) OVER w AS {n}_first"
        for n in runs
    )
    window = "WINDOW w AS (PARTITION BY source, station_id ORDER BY arrived)"
    return [
        f"""CREATE TEMPORARY VIEW with_previous AS SELECT *, COUNT(*) OVER w AS nth,
            MAX(observed_at) OVER w AS newest_at, LAG(observed_at) OVER w AS previous_at, {previous}
        FROM (SELECT *, CAST(row_time AS TIMESTAMP_LTZ(3)) AS observed_at FROM accepted) {window}""",
        f"CREATE TEMPORARY VIEW with_runs AS SELECT *, {since} FROM with_previous {window}",
        # not ROW_NUMBER: with mini-batches that becomes an updating stream, and nothing insert-only could follow
        """CREATE TEMPORARY VIEW first_arrivals AS SELECT * FROM (SELECT *, COUNT(*) OVER (
            PARTITION BY source, station_id, row_time ORDER BY arrived) AS arrival FROM with_runs) WHERE arrival = 1""",
    ]


def _enriched() -> list[str]:
    given = [f.name for f in FIELDS if f.name not in ("dew_point_c", "pressure_sea_level_hpa")]
    flags = [quality.range_flags(), *quality.step_flags(), *quality.stuck_flags(), *quality.consistency_flags()]
    derived = [
        "CASE WHEN reported_dew_point_c IS NULL AND dew_point_c IS NOT NULL THEN 'derived:dew_point_c' END",
        "CASE WHEN pressure_sea_level_hpa IS NULL AND reduced_hpa IS NOT NULL THEN 'derived:pressure_sea_level_hpa' END",
    ]
    return [
        f"""CREATE TEMPORARY VIEW with_dew_point AS SELECT {", ".join(given)}, pressure_sea_level_hpa, climate, nth,
            dew_point_c AS reported_dew_point_c, {once(f"COALESCE(dew_point_c, {meteorology.dew_point_c()})")} AS dew_point_c,
            {", ".join(f"{n}_since, {n}_first" for n in quality.PERSISTENCE_H)}, {", ".join(f"previous_{n}" for n in quality.STEPS)},
            TIMESTAMPDIFF(SECOND, previous_at, observed_at) / 3600.0e0 AS hours FROM first_arrivals""",
        f"""CREATE TEMPORARY VIEW derived AS SELECT *, {once(f"CASE WHEN pressure_sea_level_hpa IS NULL THEN {meteorology.sea_level_pressure_hpa()} END")} AS reduced_hpa
            FROM with_dew_point""".replace("dew_point_c AS", "dew_point_c AS"),
        f"""CREATE TEMPORARY VIEW flagged AS SELECT *,
            {once(f"NULLIF(CONCAT_WS(',', {', '.join(flags)}), '')")} AS suspicions, NULLIF(CONCAT_WS(',', {", ".join(derived)}), '') AS fills
        FROM derived""",
        f"""CREATE TEMPORARY VIEW enriched_rows AS SELECT
            {", ".join("COALESCE(pressure_sea_level_hpa, reduced_hpa)" if f.name == "pressure_sea_level_hpa" else f.name for f in FIELDS)},
            {meteorology.heat_index_c()} AS heat_index_c, {meteorology.wind_chill_c()} AS wind_chill_c, {meteorology.beaufort()} AS beaufort,
            CASE WHEN suspicions IS NULL THEN 'good' ELSE 'suspect' END AS quality,
            CASE WHEN suspicions IS NULL THEN fills WHEN fills IS NULL THEN suspicions ELSE CONCAT(suspicions, ',', fills) END AS quality_flags
        FROM flagged""",
    ]


def _dead_letters() -> str:
    values = {
        REASON: "reason",
        COMPONENT: literal(NAME),
        SOURCE_TOPIC: "topic",
        SOURCE_PARTITION: "CAST(kafka_partition AS STRING)",
        SOURCE_OFFSET: "CAST(kafka_offset AS STRING)",
        FAILED_AT: "DATE_FORMAT(CAST(arrived AS TIMESTAMP_LTZ(3)), 'yyyy-MM-dd''T''HH:mm:ss''Z''')",
        ATTEMPT: "'1'",
    }
    headers = ", ".join(f"{literal(name)}, ENCODE({value}, 'UTF-8')" for name, value in values.items())
    return f"INSERT INTO dead_letters SELECT message_key, original, MAP[{headers}] FROM judged WHERE reason IS NOT NULL"


def job(settings: JobSettings, kafka: KafkaSettings, topics: Catalogue, *, bounded: bool = False) -> Job:
    """The whole job as SQL."""
    tables = Tables(settings, kafka, bounded=bounded)
    closed = f"FLOOR(observed_at TO HOUR) + INTERVAL '1' HOUR + {interval(settings.out_of_orderness_s)} <= newest_at"
    names = ", ".join(field.name for field in FIELDS)
    observation = ", ".join("CAST(row_time AS TIMESTAMP_LTZ(3))" if f.name == "observed_at" else f.name for f in FIELDS)
    assert topics.observations.dead_letters and topics.observations.late
    late = next(topic for topic in topics.all() if topic.name == topics.observations.late)
    return Job(
        NAME,
        tables=[
            _source(tables, topics, settings),
            tables.dead_letters("dead_letters", topics.observations.dead_letters),
            tables.append("late", late),
            tables.append("enriched", topics.enriched),
            tables.append("anomalies", topics.anomalies),
            tables.upsert("revisions", topics.revisions),
            tables.upsert("windows", topics.windows),
        ],
        views=[
            *_judged(settings),
            *_checked(),
            *_enriched(),
            *anomalies.views(),
            *windows.views(settings),
        ],
        inserts=[
            _dead_letters(),
            f"INSERT INTO late SELECT {names} FROM with_previous WHERE {closed}",
            f"INSERT INTO revisions SELECT {observation} FROM accepted WHERE revision > 0",
            "INSERT INTO enriched SELECT * FROM enriched_rows",
            "INSERT INTO anomalies SELECT * FROM anomaly_rows",
            "INSERT INTO windows SELECT * FROM window_rows",
        ],
        configuration={
            # a view that several inserts read is computed once, not once per insert
            "table.optimizer.reuse-optimize-block-with-digest-enabled": "true",
            **windows.configuration(settings),
        },
    )


if __name__ == "__main__":
    main(NAME, job)
