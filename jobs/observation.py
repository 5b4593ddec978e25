"""From bytes to fields: every record of the topic becomes one row, with its fields or with why it is refused."""

from contracts.flink import json_fields
from contracts.schema import RECORDS
from jobs.sql import View, literal

RECORD = RECORDS["weather_observation"]
FIELDS = RECORD.fields


def views() -> list[View]:
    """The view `parsed`, from the table `observations`: `refusal` is NULL where the fields are there."""
    names = ", ".join(RECORD.names)
    return [
        View(
            "parsed",
            f"""SELECT message_key, original, appended_at, topic, kafka_partition, kafka_offset, never_late,
            {names}, refusal
        FROM observations,
            LATERAL TABLE(read_json(original, {literal(json_fields(RECORD))})) AS r ({names}, refusal)""",
        )
    ]
