"""Postgres: staged COPY, upsert, offsets and epochs in one transaction.

The order inside a transaction: COPY into a temporary table, INSERT from it, and last the offsets, whose UPDATE counts
only where the epoch is still ours. Last, because its row locks are what a new owner's claim waits for: a sink that is
frozen while its rows travel must not hold them, and one that is frozen right before COMMIT is ended by the server after
IDLE_IN_TRANSACTION_MS. A claim that waits sees our commit, one that came first makes our UPDATE miss its row.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import errors

from contracts.postgres import copy_columns
from contracts.schema import Record
from sinks.batch import Batch
from sinks.copy_csv import OPTIONS, csv_lines
from sinks.migrations import migrate
from sinks.partitions import Partition
from sinks.routes import Route
from sinks.target import (
    FROM_EARLIEST,
    Claim,
    FencedError,
    RecordRefusedError,
    TargetBrokenError,
    TargetUnavailableError,
)

log = logging.getLogger(__name__)

CONNECT_TIMEOUT_S = 5
IDLE_IN_TRANSACTION_MS = 10_000
"""A transaction that its client has left alone for so long is a frozen sink's; healthy ones pause for microseconds."""
LOCK_TIMEOUT_MS = 5_000
STATEMENT_TIMEOUT_MS = 60_000
"""Together with TCP_TIMEOUT_MS the longest that a batch can hang: a sink that waits for ever cannot say its lag."""
TCP_TIMEOUT_MS = 20_000

WAITABLE_CLASSES = frozenset({"08", "25", "40", "53", "55", "57", "58"})
"""SQLSTATE classes that pass: connection, ended transaction, deadlock, no resources, locked, shut down, I/O."""


class PostgresTarget:
    """One connection, opened when needed and after it broke."""

    name = "postgres"
    fencing = True
    """Tests set it to False to see that they notice. No setting reaches it."""

    def __init__(self, dsn: str, group: str, routes: Mapping[str, Route]) -> None:
        self._dsn, self._group = dsn, group
        self._tables: dict[str, Record] = {route.table: route.record for route in routes.values()}
        self._table_of = {name: route.table for name, route in routes.items()}
        self._epochs: dict[Partition, int] = {}
        self._connection: psycopg.Connection[Any] | None = None
        self._staged: set[str] = set()
        self._in_doubt = False

    def open(self) -> None:
        """Connects and migrates."""
        with self._translated():
            migrate(self._connected(), self._tables)

    def claim(self, partitions: Sequence[Partition]) -> Mapping[Partition, Claim]:
        """Raises each partition's epoch by one; in one order everywhere, so that two claims never deadlock."""
        with self._translated():
            connection = self._connected()
            with connection.transaction():
                claims = {partition: self._claim(connection, partition) for partition in sorted(partitions)}
        self._epochs.update((partition, claim.epoch) for partition, claim in claims.items())
        return claims

    def _claim(self, connection: psycopg.Connection[Any], partition: Partition) -> Claim:
        row = connection.execute(
            """
            INSERT INTO sink_offsets AS mine (consumer_group, topic, partition, epoch) VALUES (%s, %s, %s, 1)
            ON CONFLICT (consumer_group, topic, partition)
            DO UPDATE SET epoch = mine.epoch + 1, updated_at = now()
            RETURNING next_offset, epoch, newest_event_at
            """,
            [self._group, *partition],
        ).fetchone()
        if row is None:
            raise RuntimeError(f"claim of {partition} returned no row")
        next_offset, epoch, newest_event_at = row
        return Claim(FROM_EARLIEST if next_offset is None else next_offset, epoch, newest_event_at)

    def write(self, batch: Batch) -> int:
        """Rows and offsets, or neither."""
        changed, by_topic = 0, sorted(batch.by_topic().items())
        with self._translated():
            connection = self._connected()
            for topic, _ in by_topic:
                self._stage(connection, self._table_of[topic])
            with connection.transaction():
                if self._in_doubt and self._has(connection, batch):
                    return 0
                for topic, records in by_topic:
                    table = self._table_of[topic]
                    with connection.cursor() as cursor:
                        with cursor.copy(copy_statement(self._tables[table], table)) as copy:
                            copy.write(csv_lines(records))
                        cursor.execute(upsert_statement(self._tables[table], table))
                        changed += cursor.rowcount
                self._advance(connection, batch)
        self._in_doubt = False
        return changed

    def _has(self, connection: psycopg.Connection[Any], batch: Batch) -> bool:
        """Whether a batch whose COMMIT was never answered had been committed all the same. One slice tells for all:
        they were committed together. FOR UPDATE waits for a server process that still works on it."""
        part = next(iter(batch))
        row = connection.execute(
            "SELECT next_offset >= %s AND epoch = %s FROM sink_offsets "
            "WHERE consumer_group = %s AND topic = %s AND partition = %s FOR UPDATE",
            [part.next_offset, self._epochs.get(part.partition), self._group, *part.partition],
        ).fetchone()
        return row is not None and row[0] is True

    def _advance(self, connection: psycopg.Connection[Any], batch: Batch) -> None:
        parts = sorted(batch, key=lambda part: part.partition)
        moved = connection.execute(
            f"""
            UPDATE sink_offsets AS mine
            SET next_offset = new.next_offset,
                newest_event_at = GREATEST(mine.newest_event_at, new.newest_event_at),
                updated_at = now()
            FROM unnest(%s::text[], %s::integer[], %s::bigint[], %s::bigint[], %s::timestamptz[])
                AS new (topic, partition, next_offset, epoch, newest_event_at)
            WHERE mine.consumer_group = %s AND mine.topic = new.topic AND mine.partition = new.partition
                {"AND mine.epoch = new.epoch" if self.fencing else ""}
            RETURNING mine.topic, mine.partition
            """,
            [
                [part.partition.topic for part in parts],
                [part.partition.partition for part in parts],
                [part.next_offset for part in parts],
                [self._epochs.get(part.partition, 0) for part in parts],
                [part.newest_event_at for part in parts],
                self._group,
            ],
        ).fetchall()
        fenced = {part.partition for part in parts} - {Partition(*row) for row in moved}
        if fenced:
            raise FencedError(sorted(fenced))

    def close(self) -> None:
        """A connection that is gone already is fine."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _connected(self) -> psycopg.Connection[Any]:
        if self._connection is None or self._connection.closed:
            self._connection = psycopg.connect(
                self._dsn,
                autocommit=True,  # every transaction is opened by name
                connect_timeout=CONNECT_TIMEOUT_S,
                tcp_user_timeout=TCP_TIMEOUT_MS,
                application_name=self._group,
            )
            for setting, value_ms in (
                ("idle_in_transaction_session_timeout", IDLE_IN_TRANSACTION_MS),
                ("lock_timeout", LOCK_TIMEOUT_MS),
                ("statement_timeout", STATEMENT_TIMEOUT_MS),
            ):
                self._connection.execute("SELECT set_config(%s, %s, false)", [setting, str(value_ms)])
            self._staged.clear()
        return self._connection

    def _stage(self, connection: psycopg.Connection[Any], table: str) -> None:
        """One temporary table per connection, emptied by each COMMIT: one per batch would bloat the catalogue."""
        if table not in self._staged:
            connection.execute(f"CREATE TEMPORARY TABLE {STAGE}{table} (LIKE {table}) ON COMMIT DELETE ROWS".encode())
            self._staged.add(table)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """The database's errors in the runner's words. What is neither a record's fault nor passes ends the sink."""
        try:
            yield
        except (errors.DataError, errors.IntegrityError) as error:
            raise RecordRefusedError(_sentence(error)) from error
        except psycopg.Error as error:
            broken = self._connection is None or self._connection.broken
            if broken:
                self._in_doubt = True
            if broken or isinstance(error, errors.OperationalError) or (error.sqlstate or "")[:2] in WAITABLE_CLASSES:
                raise TargetUnavailableError(_sentence(error)) from error
            raise TargetBrokenError(f"postgres: {_sentence(error)}") from error


STAGE = "stage_"


def copy_statement(record: Record, table: str) -> bytes:
    """COPY into the stage of a table."""
    return f"COPY {STAGE}{table} ({', '.join(copy_columns(record))}) FROM STDIN {OPTIONS}".encode()


def upsert_statement(record: Record, table: str) -> bytes:
    """From the stage into the table: the highest revision wins, within the batch and against the table; of equal ones
    the first. Tables without revisions keep the first row. (Rows that COPY has just staged lie in its order.)"""
    identity, columns = ", ".join(record.identity), ", ".join(record.names)
    revised = "revision" in record.names
    taken = f"INSERT INTO {table} AS mine ({columns})\nSELECT DISTINCT ON ({identity}) {columns} FROM {STAGE}{table}\n"
    if not revised:
        return f"{taken}ORDER BY {identity}, ctid\nON CONFLICT ({identity}) DO NOTHING".encode()
    changed = ", ".join(f"{name} = excluded.{name}" for name in record.names if name not in record.identity)
    return (
        f"{taken}ORDER BY {identity}, revision DESC, ctid\n"
        f"ON CONFLICT ({identity}) DO UPDATE SET {changed}\nWHERE excluded.revision > mine.revision"
    ).encode()


def _sentence(error: psycopg.Error) -> str:
    """The database's own text on one line, with its SQLSTATE where there is one."""
    text = " ".join(str(error).split()) or type(error).__name__
    return f"{text} (SQLSTATE {error.sqlstate})" if error.sqlstate else text
