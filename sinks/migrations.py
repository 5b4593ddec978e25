"""Brings a database to what this version of the contracts needs; running it again, or in two sinks at once, is safe.

What can be derived is derived: tables are created from the contracts, and fields that a later contract adds become new
nullable columns. What cannot is a numbered file in `sql/`. All of it is one transaction under an advisory lock.
A database may be *ahead* (an older sink beside a newer one during a rollout): columns we do not know are left alone.
"""

import hashlib
import logging
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from contracts.postgres import column_type, create_table
from contracts.schema import Field, Record
from sinks.views import weather_current

log = logging.getLogger(__name__)

SQL_DIR = Path(__file__).parent / "sql"

LOCK = 0x49534F4241520001
"""Key of the advisory lock: "ISOBAR" in ASCII and a number, so that it meets no other program's by chance."""

_SAME_TYPE = {"timestamp with time zone": "timestamptz"}


class MigrationError(Exception):
    """The database has something that cannot be changed without a person; the text says what and what to do."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column as the database has it; `symbols` of an enumeration come from its CHECK."""

    type: str
    symbols: frozenset[str] = frozenset()


def changes(record: Record, table: str, existing: Mapping[str, Column]) -> list[str]:
    """The statements that bring an existing table to its contract.

    Raises:
        MigrationError: a column of another type, or a new field that may not be null.
    """
    statements: list[str] = []
    for field in record.fields:
        column = existing.get(field.name)
        if column is None:
            statements.append(_add(field, table))
        elif column.type != (wanted := _base_type(field)):
            raise MigrationError(
                f"column {table}.{field.name} is {column.type}, expected {wanted}: "
                "give the field a new name in the contract, or convert the column by a numbered migration"
            )
        elif missing := set(field.symbols) - column.symbols:
            statements += _widen(field, table, column.symbols | missing)
    return statements


def _base_type(field: Field) -> str:
    return column_type(field).split(" NOT NULL")[0].split(" CHECK")[0]


def _add(field: Field, table: str) -> str:
    if not field.nullable:
        raise MigrationError(
            f"column {table}.{field.name} is new and may not be null, but the table's older rows have no value for it: "
            "make the field nullable in the contract"
        )
    return f"ALTER TABLE {table} ADD COLUMN {field.name} {column_type(field)}"


def _widen(field: Field, table: str, symbols: Iterable[str]) -> list[str]:
    """An enumeration that grew; symbols only a newer contract knows stay allowed."""
    allowed = ", ".join(f"'{symbol}'" for symbol in sorted(symbols))
    constraint = f"{table}_{field.name}_check"
    return [
        f"ALTER TABLE {table} DROP CONSTRAINT {constraint}",
        f"ALTER TABLE {table} ADD CONSTRAINT {constraint} CHECK ({field.name} IN ({allowed}))",
    ]


def migrate(connection: psycopg.Connection[Any], tables: Mapping[str, Record], sql_dir: Path = SQL_DIR) -> list[str]:
    """Applies what is missing and returns its names, oldest first; an empty list if there was nothing to do.

    Raises:
        MigrationError: see `changes`; or a numbered file differs from what was applied under its name.
    """
    done: list[str] = []
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        connection.execute(
            "CREATE TABLE IF NOT EXISTS schema_migrations ("
            "version text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())"
        )
        applied = dict(connection.execute("SELECT version, checksum FROM schema_migrations").fetchall())
        for path in sorted(sql_dir.glob("*.sql")):
            text = path.read_text("utf-8")
            done += _once(connection, applied, path.stem, text, [text], fixed=True)
        for table, record in sorted(tables.items()):
            existing = _columns(connection, table)
            statements = changes(record, table, existing) if existing else [create_table(record, table)]
            if statements:
                done += _record(connection, f"table {table}", create_table(record, table), statements)
        for name, definition in weather_current(tables).items():
            statements = [f"DROP VIEW IF EXISTS {name}", definition]
            done += _once(connection, applied, f"view {name}", definition, statements, fixed=False)
    for version in done:
        log.info("database: applied %s", version)
    return done


def _once(
    connection: psycopg.Connection[Any],
    applied: Mapping[str, str],
    version: str,
    text: str,
    statements: list[str],
    *,
    fixed: bool,
) -> list[str]:
    """Runs the statements unless this very text was applied; a `fixed` version may not change after it was."""
    found, checksum = applied.get(version), _checksum(text)
    if found == checksum:
        return []
    if found is not None and fixed:
        raise MigrationError(
            f"migration {version} was applied with another text (checksum {found}, now {checksum}): "
            "an applied migration must not be edited; put the change into a new number"
        )
    return _record(connection, version, text, statements)


def _record(connection: psycopg.Connection[Any], version: str, text: str, statements: list[str]) -> list[str]:
    for statement in statements:
        connection.execute(statement.encode())
    connection.execute(
        "INSERT INTO schema_migrations (version, checksum) VALUES (%s, %s) "
        "ON CONFLICT (version) DO UPDATE SET checksum = excluded.checksum, applied_at = now()",
        [version, _checksum(text)],
    )
    return [version]


def _checksum(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _columns(connection: psycopg.Connection[Any], table: str) -> dict[str, Column]:
    """Empty if there is no such table."""
    rows = connection.execute(
        """
        SELECT a.attname, format_type(a.atttypid, a.atttypmod), pg_get_constraintdef(c.oid)
        FROM pg_attribute a
        LEFT JOIN pg_constraint c
            ON c.conrelid = a.attrelid AND c.conname = %(table)s || '_' || a.attname || '_check'
        WHERE a.attrelid = to_regclass(%(table)s) AND a.attnum > 0 AND NOT a.attisdropped
        """,
        {"table": table},
    ).fetchall()
    return {
        name: Column(_SAME_TYPE.get(type_, type_), frozenset(re.findall(r"'([^']*)'", check or "")))
        for name, type_, check in rows
    }
