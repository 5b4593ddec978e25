"""Which topic goes to which table as which type: the one table that a new topic must be added to."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter

import msgspec

from contracts import postgres, types
from contracts.schema import RECORDS, Kind, Record
from contracts.topics import Catalogue, Topic

TABLES = {"enriched": None, "windows": None, "anomalies": None, "revisions": "weather_revision"}
"""Catalogue attribute to table name; None where the table is named as its record. The revisions topic carries plain
observations, and its table must not be taken for the table of all observations."""


@dataclass(frozen=True, slots=True)
class Route:
    """The way of one topic. `event_at` reads a record's event time (a window's start: never newer than its data)."""

    topic: Topic
    record: Record
    table: str
    struct_type: type[msgspec.Struct]
    event_at: Callable[[msgspec.Struct], datetime]

    @property
    def dead_letters(self) -> str:
        """The topic for what cannot be written."""
        if self.topic.dead_letters is None:
            raise ValueError(f"topic {self.topic.name} has no dead-letter topic in the catalogue; give it one")
        return self.topic.dead_letters


def _event_field(record: Record) -> str:
    for name in record.identity:
        if record.field(name).kind is Kind.TIMESTAMP:
            return name
    raise ValueError(
        f"{record.type_name}: no field of its identity {record.identity} is a time, so it has no freshness"
    )


def routes(catalogue: Catalogue, names: Iterable[str] = TABLES) -> dict[str, Route]:
    """Routes by topic name. `names` are catalogue attributes (`enriched`), all by default."""
    made: dict[str, Route] = {}
    for name in names:
        topic: Topic = getattr(catalogue, name)
        record = RECORDS[topic.record or ""]
        made[topic.name] = Route(
            topic,
            record,
            TABLES[name] or postgres.table_name(record),
            getattr(types, record.type_name),
            attrgetter(_event_field(record)),
        )
    return made
