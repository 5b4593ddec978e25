"""Flink SQL columns and format options from the record contracts."""

from contracts.schema import Field, Kind, Record

_SQL = {
    Kind.STRING: "STRING",
    Kind.ENUM: "STRING",
    Kind.DOUBLE: "DOUBLE",
    Kind.INT: "INT",
    Kind.LONG: "BIGINT",
    Kind.BOOLEAN: "BOOLEAN",
    Kind.TIMESTAMP: "TIMESTAMP_LTZ(3)",  # an instant: with table.local-time-zone UTC it prints as ...Z
}

JSON_OPTIONS = {"timestamp-format.standard": "ISO-8601"}
"""Options of Flink's json format that make it write the form of `contracts.wire`."""


def column(field: Field) -> str:
    """A column definition, quoted (a field may be called `value`), with NOT NULL where the contract says so."""
    return f"`{field.name}` {_SQL[field.kind]}" + ("" if field.nullable else " NOT NULL")


def sql_type(field: Field) -> str:
    """The type of a field without its nullability, for CAST."""
    return _SQL[field.kind]


def columns(record: Record, *, enforce_null: bool = False) -> str:
    """The column list of a table. Nullability is left to the query unless `enforce_null`.

    A sink column declared NOT NULL fails the whole job on a null: the job's own verdict must have refused it before.
    """
    return ", ".join(column(field) if enforce_null else f"`{field.name}` {_SQL[field.kind]}" for field in record.fields)


def text_columns(record: Record) -> str:
    """Every field as STRING: a reader that must not lose a record to a failed conversion judges texts itself."""
    return ", ".join(f"`{field.name}` STRING" for field in record.fields)
