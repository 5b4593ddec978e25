"""Weather observations: refuse what is wrong, enrich what is right, sum it up, and say what is unusual.

    observations ─ judged ─┬─ refused ──────────────────────────────────────► observations.dlq   original bytes, reason
                           └─ accepted ─┬─ came after its hour had closed ──► observations.late
                                        ├─ revision > 0 ────────────────────► revisions          upsert
                                        ├─ checked in arrival order ─ first arrivals ─► enriched
                                        ├─ against the hour-of-day baseline ──────────► anomalies
                                        └─ newest revisions ─ 1 h, 3 h, 24 h windows ─► windows  upsert

Only windows wait for a watermark, to be said for the first time; what they hold does not depend on it. Run it by
`python -m jobs.process_weather`, by `flink run -py` or as a Flink application; `--describe` prints the plan.
"""

from contracts.dead_letter import ATTEMPT, COMPONENT, FAILED_AT, REASON, SOURCE_OFFSET, SOURCE_PARTITION, SOURCE_TOPIC
from contracts.settings import KafkaSettings
from contracts.topics import Catalogue
from jobs import anomalies, enrichment, history, observation, validation, windows
from jobs.cli import main
from jobs.observation import RECORD
from jobs.runtime import Job
from jobs.settings import JobSettings
from jobs.sql import FAR_FUTURE, interval, literal
from jobs.tables import Table, Tables

NAME = "process-weather"


def _source(tables: Tables, topics: Catalogue, settings: JobSettings) -> Table:
    observed, latest = "json_time(original, 'observed_at')", f"appended_at + {interval(settings.max_future_s)}"
    # Flink drops a row that is behind the watermark before a table function sees it, in silence: to the function every
    # row is from the far future, and only the watermark tells event time
    return tables.source(
        "observations",
        topics.observations,
        f"""message_key BYTES, original BYTES,
        appended_at TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL, topic STRING METADATA VIRTUAL,
        kafka_partition INT METADATA FROM 'partition' VIRTUAL, kafka_offset BIGINT METADATA FROM 'offset' VIRTUAL,
        never_late AS {FAR_FUTURE},
        WATERMARK FOR never_late AS CASE WHEN {observed} <= {latest} THEN {observed} END
            - {interval(settings.out_of_orderness_s)}""",
    )


def _dead_letters() -> str:
    values = {
        REASON: "reason",
        COMPONENT: literal(NAME),
        SOURCE_TOPIC: "topic",
        SOURCE_PARTITION: "CAST(kafka_partition AS STRING)",
        SOURCE_OFFSET: "CAST(kafka_offset AS STRING)",
        FAILED_AT: "DATE_FORMAT(CURRENT_ROW_TIMESTAMP(), 'yyyy-MM-dd''T''HH:mm:ss''Z''')",
        ATTEMPT: "'1'",
    }
    headers = ", ".join(f"{literal(name)}, ENCODE({value}, 'UTF-8')" for name, value in values.items())
    return f"INSERT INTO dead_letters SELECT message_key, original, MAP[{headers}] FROM judged WHERE reason IS NOT NULL"


def job(settings: JobSettings, kafka: KafkaSettings, topics: Catalogue, *, bounded: bool = False) -> Job:
    """The whole job as SQL."""
    tables = Tables(settings, kafka, bounded=bounded)
    names = ", ".join(RECORD.names)
    return Job(
        NAME,
        tables=[
            _source(tables, topics, settings),
            tables.dead_letters("dead_letters", topics.dead_letters(topics.observations)),
            tables.append("late", topics.late(topics.observations)),
            tables.append("enriched", topics.enriched),
            tables.append("anomalies", topics.anomalies),
            tables.upsert("revisions", topics.revisions),
            tables.upsert("windows", topics.windows),
        ],
        views=[
            *observation.views(),
            *validation.views(settings.max_future_s),
            *history.views(settings),
            *enrichment.views(),
            *anomalies.views(),
            *windows.views(settings),
        ],
        inserts=[
            _dead_letters(),
            f"INSERT INTO late SELECT {names} FROM histories WHERE late",
            f"INSERT INTO revisions SELECT {names} FROM histories WHERE newest AND revision > 0",
            "INSERT INTO enriched SELECT * FROM enriched_rows",
            "INSERT INTO anomalies SELECT * FROM anomaly_rows",
            "INSERT INTO windows SELECT * FROM window_rows",
        ],
        configuration={
            # a view that several inserts read is computed once, not once per insert
            "table.optimizer.reuse-optimize-block-with-digest-enabled": "true",
            # the key of a window is the sink's key: nothing needs to be put back in order before the sink
            "table.exec.sink.upsert-materialize": "NONE",
        },
    )


if __name__ == "__main__":
    main(NAME, job)
