"""The verdict on an observation: why it is refused, or that it is accepted. Reached once for every record.

Records with ordinary values skip the exact limits; that leaves the verdict as it is and most of the work undone.
"""

from jobs import quality
from jobs.observation import FIELDS, departure, value
from jobs.sql import EPOCH, once


def _reason(max_future_s: int) -> str:
    found = "REGEXP_EXTRACT(line, CONCAT('\"', erroneous, '\":([^,}]*)'), 1)"
    future = f"expected observed_at at most {max_future_s} s after the broker received it, found a later time"
    impossible = "expected a value that is possible at this latitude and season, found "
    return f"""CASE
        WHEN NOT shapely THEN {departure()}
        WHEN row_time = {EPOCH} THEN '{future}'
        WHEN observed_at <> row_time THEN 'expected one observed_at, found several'
        WHEN erroneous IS NOT NULL THEN CONCAT('{impossible}', erroneous, ' ', {found})
    END"""


def views(max_future_s: int) -> list[str]:
    """Views from `split` to `judged` (every record, with `reason` NULL for a good one) and `accepted`."""
    values = ", ".join(f"{once(f'CASE WHEN shapely THEN {value(field)} END')} AS {field.name}" for field in FIELDS)
    accepted = ", ".join(field.name for field in FIELDS if field.name != "observed_at")
    erroneous = once(f"CASE WHEN ordinary THEN CAST(NULL AS STRING) ELSE {quality.erroneous_field()} END")
    return [
        f"""CREATE TEMPORARY VIEW typed AS
        SELECT message_key, original, txt, line, parts, shapely,
            topic, kafka_partition, kafka_offset, row_time, arrived, {values}
        FROM split""",
        f"""CREATE TEMPORARY VIEW placed AS
        SELECT *, {once(quality.ordinary())} AS ordinary, {once(quality.climate())} AS climate FROM typed""",
        f"CREATE TEMPORARY VIEW ranged AS SELECT *, {erroneous} AS erroneous FROM placed",
        f"CREATE TEMPORARY VIEW judged AS SELECT *, {once(_reason(max_future_s))} AS reason FROM ranged",
        f"""CREATE TEMPORARY VIEW accepted AS
        SELECT row_time, arrived, ordinary, climate, {accepted} FROM judged WHERE reason IS NULL""",
    ]
