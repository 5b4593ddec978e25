"""Small pieces of SQL text that every job writes alike."""

from collections.abc import Mapping
from dataclasses import dataclass

FAR_FUTURE = "TO_TIMESTAMP_LTZ(253370764800000, 3)"
"""The year 9999: a row time ahead of every watermark."""


@dataclass(frozen=True)
class View:
    """A named query, for the views and inserts after it."""

    name: str
    query: str


def once(expression: str) -> str:
    """An expression the planner computes once instead of copying it into each of its uses.

    It merges stacked projections and duplicates what is deterministic; a RAND() that is always true prevents that, for
    a few nanoseconds. Worth it for anything that parses, and needed where a copy would multiply through several layers.
    """
    return f"CASE WHEN RAND() < 2 THEN {expression} END"


def literal(text: str) -> str:
    """A SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def options(values: Mapping[str, str]) -> str:
    """The inside of WITH (…)."""
    return ", ".join(f"{literal(name)} = {literal(value)}" for name, value in values.items())


def interval(seconds: int) -> str:
    """A SQL interval; DAY TO SECOND because SECOND alone holds two digits only."""
    days, rest = divmod(seconds, 86_400)
    return f"INTERVAL '{days} {rest // 3600:02d}:{rest // 60 % 60:02d}:{rest % 60:02d}' DAY TO SECOND"
