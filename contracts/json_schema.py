"""JSON Schema (2020-12) of the wire form, for consumers outside Python."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from contracts.schema import Field, Kind, Record

TARGET_DIR = Path(__file__).parent / "json-schema"

_TYPES: dict[Kind, dict[str, Any]] = {
    Kind.STRING: {"type": "string"},
    Kind.DOUBLE: {"type": "number"},
    Kind.INT: {"type": "integer", "minimum": -(2**31), "maximum": 2**31 - 1},
    Kind.LONG: {"type": "integer", "minimum": -(2**63), "maximum": 2**63 - 1},
    Kind.BOOLEAN: {"type": "boolean"},
    Kind.TIMESTAMP: {"type": "string", "format": "date-time"},
}


def _property(field: Field) -> dict[str, Any]:
    described = {"description": field.doc + (f" [{field.unit}]" if field.unit else "")}
    if field.kind is Kind.ENUM:
        return {"enum": [*field.symbols, *([None] if field.nullable else [])], **described}
    declared = dict(_TYPES[field.kind])
    if field.nullable:
        declared["type"] = [declared["type"], "null"]
    return {**declared, **described}


def schema(record: Record) -> dict[str, Any]:
    """The JSON Schema of one record; unknown members are allowed, as the decoder allows them."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": record.type_name,
        "description": record.doc,
        "type": "object",
        "properties": {field.name: _property(field) for field in record.fields},
        "required": list(record.names),
    }


def files(records: Iterable[Record]) -> dict[Path, str]:
    """Path and text of every generated file."""
    return {TARGET_DIR / f"{r.name}.json": json.dumps(schema(r), indent=2, ensure_ascii=False) + "\n" for r in records}
