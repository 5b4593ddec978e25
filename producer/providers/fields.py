"""Single values out of a provider's row. Absent and null are null; a value of another kind refuses the row.

A row is refused rather than published with a hole: a hole says "not measured", which would be untrue.
"""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from producer.errors import RowError

DECIMALS = 3
"""Of converted values: finer than any instrument, coarse enough that one figure always prints the same."""

POINT_DEG = 22.5
POINTS = ("N", "NNE", "NE", "ENE", "E", "ESE", "SE", "SSE", "S", "SSW", "SW", "WSW", "W", "WNW", "NW", "NNW")
VARIANT_SPELLINGS = {"SWW": "WSW", "NWW": "WNW", "SEE": "ESE", "NEE": "ENE"}
"""Seen in Met Office answers: the two outer letters in the other order."""

Row = Mapping[str, Any]


def member(row: Row, name: str) -> Row:
    """A nested object; empty if absent or null."""
    value = row.get(name)
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise RowError(f"expected an object in '{name}', found {value!r}")
    return value


def number(row: Row, name: str) -> float | None:
    """A JSON number; a text that looks like one is refused, because its provider does not send texts."""
    value = row.get(name)
    if value is None:
        return None
    try:
        found = math.nan if isinstance(value, bool) or not isinstance(value, int | float) else float(value)
    except OverflowError:
        found = math.inf
    if not math.isfinite(found):
        raise RowError(f"expected a number in '{name}', found {value!r:.80}")
    return found


def text_number(row: Row, name: str) -> float | None:
    """A number that its provider sends as text."""
    value = row.get(name)
    if value is None:
        return None
    try:
        found = float(value) if isinstance(value, str) else math.nan
    except ValueError:
        found = math.nan
    if not math.isfinite(found):
        raise RowError(f"expected a number as text in '{name}', found {value!r}")
    return found


def rounded(value: float | None) -> float | None:
    """A converted value as it is published."""
    return None if value is None else round(value, DECIMALS)


def compass_deg(row: Row, name: str) -> float | None:
    """Degrees of a 16-point compass text."""
    value = row.get(name)
    if value is None:
        return None
    point = value.strip().upper() if isinstance(value, str) else ""
    point = VARIANT_SPELLINGS.get(point, point)
    if point not in POINTS:
        raise RowError(f"expected one of the 16 compass points in '{name}', found {value!r}")
    return POINTS.index(point) * POINT_DEG


def code(row: Row, name: str) -> str | None:
    """The provider's own code, as text."""
    value = row.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise RowError(f"expected a code in '{name}', found {value!r}")
    return str(value)


def instant(row: Row, name: str) -> datetime:
    """An ISO time; without a zone it is UTC."""
    value = row.get(name)
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        moment = None
    if moment is None:
        raise RowError(f"expected an ISO time in '{name}', found {value!r}")
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
