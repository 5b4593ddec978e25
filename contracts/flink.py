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


def sql_type(field: Field) -> str:
    """The type of a field, for a column or a CAST."""
    return _SQL[field.kind]


def columns(record: Record) -> str:
    """The column list of a table, names quoted (a field may be called `value`).

    Nullability is left to the query: a sink column declared NOT NULL fails the whole job on a null, and the job's own
    verdict must have refused that record before.
    """
    return ", ".join(f"`{field.name}` {sql_type(field)}" for field in record.fields)


_JSON = {**_SQL, Kind.TIMESTAMP: "TIMESTAMP"}


def json_fields(record: Record) -> str:
    """The fields as the function `read_json` wants them declared."""
    return ", ".join(
        f"{field.name} {_JSON[field.kind]}{'' if field.nullable else ' NOT NULL'}" for field in record.fields
    )
