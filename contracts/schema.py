"""Reads `schemas/*.avsc`, the only declaration of a record, into a small model the derivations share.

The Avro files stay plain Avro (any Avro tool reads them); two attributes of ours ride along, as Avro allows:
`identity` on the record (the fields that name one row, the primary key everywhere) and `unit` on a field. Flink DDL,
Postgres DDL, Python types, JSON Schema and the documentation table all walk the same `Record`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

SCHEMA_DIR = Path(__file__).parent / "schemas"


class SchemaError(ValueError):
    """An .avsc file that the derivations cannot use; the text names file, field and what is allowed."""


class Kind(Enum):
    """The value types that records use; each derivation maps every one of them."""

    STRING = "string"
    DOUBLE = "double"
    INT = "int"
    LONG = "long"
    BOOLEAN = "boolean"
    TIMESTAMP = "timestamp-millis"
    ENUM = "enum"


@dataclass(frozen=True, slots=True)
class Field:
    """One column: `symbols` is empty unless `kind` is ENUM, `unit` is empty where a unit has no meaning."""

    name: str
    kind: Kind
    nullable: bool
    doc: str
    unit: str = ""
    symbols: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Record:
    """One record type: `name` is the file and table name, `type_name` the Python and Avro one."""

    name: str
    type_name: str
    doc: str
    fields: tuple[Field, ...]
    identity: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Field names in schema order, which is the order of columns and of JSON members."""
        return tuple(field.name for field in self.fields)

    def field(self, name: str) -> Field:
        """The field called `name`; KeyError if there is none."""
        for field in self.fields:
            if field.name == name:
                return field
        raise KeyError(f"{self.type_name} has no field {name!r}; it has {', '.join(self.names)}")


def _kind(declared: Any, where: str) -> tuple[Kind, tuple[str, ...]]:
    if isinstance(declared, dict):
        if declared.get("type") == "enum":
            return Kind.ENUM, tuple(declared["symbols"])
        if "logicalType" in declared:
            declared = declared["logicalType"]
    try:
        return Kind(declared), ()
    except ValueError:
        allowed = ", ".join(kind.value for kind in Kind)
        raise SchemaError(
            f"{where}: type {declared!r} is not supported; use one of {allowed}, or a union with null"
        ) from None


def _field(declared: Mapping[str, Any], where: str) -> Field:
    where = f"{where}, field {declared['name']}"
    avro_type, nullable = declared["type"], False
    if isinstance(avro_type, list):
        if len(avro_type) != 2 or avro_type[0] != "null":
            raise SchemaError(f"{where}: a union must be [null, type], found {avro_type!r}")
        avro_type, nullable = avro_type[1], True
    if not declared.get("doc"):
        raise SchemaError(f"{where}: has no doc; say what the field means")
    kind, symbols = _kind(avro_type, where)
    return Field(declared["name"], kind, nullable, declared["doc"], declared.get("unit", ""), symbols)


def parse(name: str, declared: Mapping[str, Any]) -> Record:
    """A Record from parsed Avro JSON.

    Raises:
        SchemaError: a type we do not derive from, a field without doc, or an identity that is absent or nullable.
    """
    where = f"schemas/{name}.avsc"
    fields = tuple(_field(field, where) for field in declared["fields"])
    required = {field.name for field in fields if not field.nullable}
    identity = tuple(declared.get("identity", ()))
    if not identity or not required.issuperset(identity):
        raise SchemaError(f"{where}: identity {list(identity)} must name fields that are never null")
    return Record(name, declared["name"], declared["doc"], fields, identity)


def load(directory: Path = SCHEMA_DIR) -> dict[str, Record]:
    """All records of a directory by name, in name order."""
    return {
        path.stem: parse(path.stem, json.loads(path.read_text("utf-8"))) for path in sorted(directory.glob("*.avsc"))
    }


RECORDS: dict[str, Record] = load()
