"""Writes `types.py`: one frozen msgspec Struct per record.

Generated rather than built at import, so that mypy and editors see the fields; a test fails when the file is not what
this module would write.
"""

from collections.abc import Iterable
from pathlib import Path

from contracts.schema import Field, Kind, Record

TARGET = Path(__file__).parent / "types.py"

_PYTHON = {
    Kind.STRING: "str",
    Kind.DOUBLE: "float",
    Kind.INT: "Int32",
    Kind.LONG: "Int64",
    Kind.BOOLEAN: "bool",
    Kind.TIMESTAMP: "UtcTime",
}

_HEADER = '''\
"""The records as Python types. Generated from schemas/*.avsc by `python -m contracts generate`; do not edit.

Every field must be given, nulls too: a missing value is a statement, not a default.
"""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

UtcTime = Annotated[datetime, Meta(tz=True)]
Int32 = Annotated[int, Meta(ge=-(2**31), le=2**31 - 1)]
Int64 = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
'''


def annotation(field: Field) -> str:
    """The Python annotation of a field, `float | None` for a nullable double."""
    if field.kind is Kind.ENUM:
        base = f"Literal[{', '.join(repr(symbol) for symbol in field.symbols)}]".replace("'", '"')
    else:
        base = _PYTHON[field.kind]
    return f"{base} | None" if field.nullable else base


def module(records: Iterable[Record]) -> str:
    """The text of types.py."""
    parts = [_HEADER]
    for record in records:
        lines = [f"\n\nclass {record.type_name}(Struct, frozen=True, kw_only=True):", f'    """{record.doc}"""\n']
        lines += [f"    {field.name}: {annotation(field)}" for field in record.fields]
        parts.append("\n".join(lines) + "\n")
    return "".join(parts)
