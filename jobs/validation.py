"""The verdict on an observation: why it is refused, or that it is accepted. Reached once for every record.

Records with ordinary values skip the exact limits; that leaves the verdict as it is and most of the work undone.
"""

from jobs import quality
from jobs.observation import RECORD
from jobs.sql import View, interval, once


def _reason(max_future_s: int) -> str:
    future = f"expected observed_at at most {max_future_s} s after the broker received it, found a later time"
    impossible = "expected a value that is possible at this latitude and season, found "
    return f"""CASE
        WHEN refusal IS NOT NULL THEN refusal
        WHEN revision < 0 THEN CONCAT('expected revision to be 0 or more, found ', CAST(revision AS STRING))
        WHEN observed_at > appended_at + {interval(max_future_s)} THEN '{future}'
        WHEN erroneous IS NOT NULL THEN CONCAT('{impossible}', erroneous)
    END"""


def views(max_future_s: int) -> list[View]:
    """Views from `parsed` to `judged` (every record, with `reason` NULL for a good one) and `accepted`."""
    erroneous = once(f"CASE WHEN ordinary THEN CAST(NULL AS STRING) ELSE {quality.erroneous_field()} END")
    return [
        View(
            "placed",
            f"""SELECT *, {once(quality.ordinary())} AS ordinary, {once(quality.climate())} AS climate FROM parsed""",
        ),
        View("ranged", f"SELECT *, {erroneous} AS erroneous FROM placed"),
        View("judged", f"SELECT *, {once(_reason(max_future_s))} AS reason FROM ranged"),
        View("accepted", f"SELECT climate, never_late, {', '.join(RECORD.names)} FROM judged WHERE reason IS NULL"),
    ]
