"""Postgres tables from the record contracts: DDL, COPY columns, primary key.

Doubles stay `double precision` so that what Flink computed is what a query returns, bit for bit.
"""

from typing import Any

import msgspec

from contracts.schema import Field, Kind, Record

_SQL = {
    Kind.STRING: "text",
    Kind.ENUM: "text",
    Kind.DOUBLE: "double precision",
    Kind.INT: "integer",
    Kind.LONG: "bigint",
    Kind.BOOLEAN: "boolean",
    Kind.TIMESTAMP: "timestamptz",
}


def table_name(record: Record) -> str:
    """The table a record lives in: its own name."""
    return record.name


def column_type(field: Field) -> str:
    """`double precision`, with NOT NULL where the contract says so and a CHECK for enumerations."""
    text = _SQL[field.kind] + ("" if field.nullable else " NOT NULL")
    if field.kind is Kind.ENUM:
        symbols = ", ".join(f"'{symbol}'" for symbol in field.symbols)
        text += f" CHECK ({field.name} IN ({symbols}))"
    return text


def create_table(record: Record, name: str | None = None) -> str:
    """CREATE TABLE IF NOT EXISTS with the identity as primary key; `name` for a second table of the same record."""
    columns = [f"{field.name} {column_type(field)}" for field in record.fields]
    columns.append(f"PRIMARY KEY ({', '.join(record.identity)})")
    return f"CREATE TABLE IF NOT EXISTS {name or table_name(record)} (\n    " + ",\n    ".join(columns) + "\n)"


def copy_columns(record: Record) -> tuple[str, ...]:
    """Columns in COPY order."""
    return record.names


def row(value: msgspec.Struct) -> tuple[Any, ...]:
    """A record as a tuple in COPY order."""
    return msgspec.structs.astuple(value)
