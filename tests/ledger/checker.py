"""The comparison itself: two sequences of entries in, violations out. It knows nothing of Kafka or databases.

Order is promised within a key only (a key lives in one partition), so a record is out of order when one that was
produced after it, under the same key, arrived before it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum


class Kind(Enum):
    """What can be wrong with a record."""

    LOST = "lost"
    REPEATED = "repeated"
    OUT_OF_ORDER = "out of order"
    EXTRA = "extra"


@dataclass(frozen=True, slots=True)
class Entry:
    """One record: `name` is unique among those produced, `key` is what order holds within, `revision` tells versions of
    one name apart, `where` says where to look at it (no part of its equality)."""

    key: str
    name: tuple[str, ...]
    revision: int = 0
    where: str = field(default="", compare=False)

    @property
    def id(self) -> tuple[tuple[str, ...], int]:
        """What makes two entries the same record."""
        return self.name, self.revision

    def __str__(self) -> str:
        return f"{'/'.join(self.name)} revision {self.revision} ({self.where})"


@dataclass(frozen=True, slots=True)
class Violation:
    """One record and what happened to it."""

    kind: Kind
    entry: Entry
    detail: str

    def __str__(self) -> str:
        return f"{self.kind.value}: {self.entry}: {self.detail}"


def newest(produced: Iterable[Entry]) -> list[Entry]:
    """What a table that keeps the highest revision of each name must hold; of equal revisions the first."""
    kept: dict[tuple[str, ...], Entry] = {}
    for entry in produced:
        if entry.name not in kept or entry.revision > kept[entry.name].revision:
            kept[entry.name] = entry
    return list(kept.values())


def check(produced: Iterable[Entry], arrived: Iterable[Entry], *, ordered: bool = True) -> list[Violation]:
    """Every violation: first those of records that arrived, in order of arrival, then the lost ones in order produced.

    Args:
        produced: in the order of production. A record produced twice counts once: the first is the record.
        arrived: in the order of arrival, or in any if not `ordered`.
    """
    place: dict[tuple[tuple[str, ...], int], int] = {}
    originals: list[Entry] = []
    for entry in produced:
        if entry.id not in place:
            place[entry.id] = len(originals)
            originals.append(entry)
    violations: list[Violation] = []
    first_arrival: dict[tuple[tuple[str, ...], int], Entry] = {}
    latest: dict[str, Entry] = {}
    for entry in arrived:
        if entry.id not in place:
            violations.append(Violation(Kind.EXTRA, entry, "arrived, but was never produced"))
            continue
        if entry.id in first_arrival:
            detail = f"arrived before, at {first_arrival[entry.id].where}"
            violations.append(Violation(Kind.REPEATED, entry, detail))
            continue
        first_arrival[entry.id] = entry
        before = latest.get(entry.key)
        if ordered and before is not None and place[before.id] > place[entry.id]:
            violations.append(Violation(Kind.OUT_OF_ORDER, entry, f"arrived after {before}, which was produced later"))
        else:
            latest[entry.key] = entry
    violations += [
        Violation(Kind.LOST, entry, "was produced, but never arrived")
        for entry in originals
        if entry.id not in first_arrival
    ]
    return violations
