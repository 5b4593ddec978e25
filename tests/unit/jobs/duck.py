"""Runs the jobs' SQL in DuckDB, which reads nearly all of it; the few names that differ are translated here.

So formulas, limits and verdicts are tested in the words that Flink gets, in milliseconds. What only Flink can tell (its
streaming, its casts of odd texts) is left to the integration tests; answers of the Java functions are given as tables.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import duckdb

from contracts.schema import RECORDS, Kind
from jobs.sql import View

FIELDS = RECORDS["weather_observation"].fields

_TYPES = {
    Kind.STRING: "VARCHAR",
    Kind.DOUBLE: "DOUBLE",
    Kind.INT: "INT",
    Kind.BOOLEAN: "BOOLEAN",
    Kind.TIMESTAMP: "TIMESTAMP",
}

COLUMNS = {field.name: _TYPES[field.kind] for field in FIELDS}
"""The columns of an observation."""

_RENAMED = (
    (r"CURRENT_ROW_TIMESTAMP\(\)", "now()::TIMESTAMP"),
    (r"INTERVAL '(\d+) ([\d:]+)' DAY TO SECOND", r"INTERVAL '\1 days \2'"),
    (r"TIMESTAMPDIFF\(SECOND,", "DATE_DIFF('second',"),
    (r"UNNEST\(ARRAY\[(.*)\]\) AS (\w+) \((.*)\)", r"LATERAL (VALUES \1) AS \2 (\3)"),
    (r"\bROW\(", "("),
    ("`", '"'),
)


def translated(sql: str) -> str:
    """SQL of Flink as SQL of DuckDB."""
    for pattern, replacement in _RENAMED:
        sql = re.sub(pattern, replacement, sql)
    return sql


def _aware(value: Any) -> Any:
    """A TIMESTAMP here is an instant in UTC."""
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) else value


class Duck:
    """A database in memory."""

    def __init__(self) -> None:
        self.connection = duckdb.connect()
        self.connection.execute("SET threads = 1; SET TimeZone = 'UTC'")
        self.connection.execute("CREATE MACRO rand() AS random()")

    def table(self, name: str, columns: Mapping[str, str], rows: Iterable[Mapping[str, Any]]) -> None:
        """A table anew: rows name the columns that are not null."""
        declared = ", ".join(f'"{column}" {type_}' for column, type_ in columns.items())
        self.connection.execute(f"CREATE OR REPLACE TABLE {name} ({declared})")
        content = list(rows)
        assert all(set(row) <= set(columns) for row in content), "a row names a column that the table lacks"
        places = f"({', '.join('?' for _ in columns)})"
        self.connection.execute(
            f"INSERT INTO {name} VALUES {', '.join(places for _ in content)}",
            [row.get(column) for row in content for column in columns],
        )

    def create(self, views: Iterable[View]) -> None:
        """Views of a job, each translated."""
        for view in views:
            self.connection.execute(f"CREATE OR REPLACE TEMPORARY VIEW {view.name} AS {translated(view.query)}")

    def rows(self, query: str) -> list[dict[str, Any]]:
        """The result of a query, rows by column name."""
        result = self.connection.execute(query)
        names = [column[0] for column in result.description or ()]
        return [dict(zip(names, map(_aware, row), strict=True)) for row in result.fetchall()]

    def evaluate(
        self, expressions: str | Sequence[str], types: Mapping[str, str] | None = None, /, **values: Any
    ) -> Any:
        """The value of an expression over one observation; `types` declares columns beside those of an observation."""
        columns = {**COLUMNS, **(types or {})}
        assert set(values) <= set(columns), set(values) - set(columns)
        given = ", ".join(f"CAST(? AS {type_}) AS {name}" for name, type_ in columns.items())
        many = [expressions] if isinstance(expressions, str) else list(expressions)
        query = f"SELECT {', '.join(translated(expression) for expression in many)} FROM (SELECT {given})"
        row = self.connection.execute(query, [values.get(name) for name in columns]).fetchone()
        assert row is not None
        return _aware(row[0]) if isinstance(expressions, str) else tuple(map(_aware, row))
