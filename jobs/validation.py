"""The verdict on an observation: why it is refused, or NULL. Applied once to every record.

Records with ordinary values skip the exact limits; that leaves the verdict as it is and most of the work undone.
"""

from jobs.observation import departure
from jobs.sql import EPOCH


def verdict(max_future_s: int) -> str:
    """The reason as SQL text, NULL for a good record; needs the columns of the view `typed`."""
    found = "REGEXP_EXTRACT(line, CONCAT('\"', erroneous, '\":([^,}]*)'), 1)"
    future = f"expected observed_at at most {max_future_s} s after the broker received it, found a later time"
    impossible = "expected a value that is possible at this latitude and season, found "
    return f"""CASE
        WHEN NOT shapely THEN {departure()}
        WHEN row_time = {EPOCH} THEN '{future}'
        WHEN observed_at <> row_time THEN 'expected one observed_at, found several'
        WHEN EXTRACT(DAY FROM row_time) <> CAST(SUBSTRING(parts[3], 23, 2) AS INT)
            THEN 'expected a day of the calendar in observed_at, found 29 February of a common year'
        WHEN erroneous IS NOT NULL THEN CONCAT('{impossible}', erroneous, ' ', {found})
    END"""
