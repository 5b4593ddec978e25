"""Rows found against rows expected: names every one that is missing, extra or different, field by field.

Texts, counts, times and nulls must be equal. Doubles may differ by the last digits that another order of the same
additions moves: RELATIVE, or ABSOLUTE where the true value is next to zero. Directions are compared around the circle.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

RELATIVE, ABSOLUTE = 1e-9, 1e-9
MOST_NAMED = 20
"""Beyond this the pattern is plain; the counts are always whole."""

Row = Mapping[str, Any]


@dataclass
class Comparison:
    """What was found wrong; empty if nothing."""

    compared: int = 0
    missing: list[str] = field(default_factory=list)
    extra: list[str] = field(default_factory=list)
    different: list[str] = field(default_factory=list)

    @property
    def is_equal(self) -> bool:
        return not (self.missing or self.extra or self.different)

    def __str__(self) -> str:
        lines = [f"{self.compared} rows compared"]
        for name in ("missing", "extra", "different"):
            found = getattr(self, name)
            lines += [f"{len(found)} {name}", *(f"  {line}" for line in found[:MOST_NAMED])]
        return "\n".join(lines)


def compare(found: Iterable[Row], expected: pd.DataFrame, identity: list[str], ignored: frozenset[str]) -> Comparison:
    """Every column of `expected`, which must be all that the rows have except the `ignored`."""
    columns = list(expected.columns)
    wanted = {_name(row, identity): row for row in expected.to_dict("records")}
    assert len(wanted) == len(expected), "the expected rows repeat an identity"
    result, seen = Comparison(), set()
    for row in found:
        assert set(columns) == set(row) - ignored, f"columns: {set(columns) ^ (set(row) - ignored)}"
        name = _name(row, identity)
        if name not in wanted or name in seen:
            result.extra.append(name)
            continue
        seen.add(name)
        result.compared += 1
        wrong = [
            f"{column} {row[column]!r}, expected {wanted[name][column]!r}"
            for column in columns
            if not equal(column, row[column], wanted[name][column])
        ]
        if wrong:
            result.different.append(f"{name}: {'; '.join(wrong)}")
    result.missing = sorted(wanted.keys() - seen)
    return result


def equal(column: str, found: Any, expected: Any) -> bool:
    """One field. A null is equal to nothing but a null."""
    absent = bool(pd.isna(expected))
    if found is None or absent:
        return found is None and absent
    if isinstance(found, float):
        if column.endswith("direction_deg"):
            return bool(abs((found - expected + 180) % 360 - 180) <= ABSOLUTE + RELATIVE * 360)
        return math.isclose(found, expected, rel_tol=RELATIVE, abs_tol=ABSOLUTE)
    return bool(found == expected)


def _name(row: Row, identity: list[str]) -> str:
    return " ".join(row[name].isoformat() if hasattr(row[name], "isoformat") else str(row[name]) for name in identity)
