"""The view people query: each observation's first arrival overlaid with its newest revision.

Derived from the contracts, so that a new field appears in it. Measured columns come from the revision if there is one.
Derived columns (heat index, flags, ...) were computed from the first arrival; for a revised observation they would be
answers to values that no longer stand, so they are null there: a missing value is null.
"""

from collections.abc import Mapping

from contracts.schema import Record

FIRST, REVISED = "weather_enriched", "weather_revision"


def weather_current(tables: Mapping[str, Record]) -> dict[str, str]:
    """The view's definition by name; nothing where a sink does not write both of its tables."""
    if FIRST not in tables or REVISED not in tables:
        return {}
    first, revised = tables[FIRST], tables[REVISED]
    measured = set(revised.names)
    columns = []
    for name in first.names:
        if name in first.identity:
            columns.append(f"e.{name}")
        elif name in measured:
            columns.append(f"CASE WHEN r.revision IS NULL THEN e.{name} ELSE r.{name} END AS {name}")
        else:
            columns.append(f"CASE WHEN r.revision IS NULL THEN e.{name} END AS {name}")
    identity = " AND ".join(f"r.{name} = e.{name}" for name in first.identity)
    return {
        "weather_current": (
            "CREATE VIEW weather_current AS\nSELECT\n    "
            + ",\n    ".join(columns)
            + f"\nFROM {FIRST} e\nLEFT JOIN {REVISED} r ON {identity} AND r.revision > e.revision"
        )
    }
