"""What the cases ask of Postgres.

Postgres itself keeps the time at which each row was committed (`track_commit_timestamp`), so latency and rate are read
from the rows afterwards: every row counts, and no client polls a table while it is measured.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import msgspec
import psycopg
from psycopg import sql

from contracts import postgres
from contracts.schema import Record
from local.child import Child
from local.errors import log_tail
from local.postgres import Postgres
from tests.bench.machine import Stopwatch
from tests.bench.topics import BenchError

_POLL_S = 0.5
# Rows come with every batch; a sink that brought none for so long has stopped.
_STALLED_S = 60.0


def track_commits(server: Postgres) -> None:
    """Takes effect at a restart only."""
    with server.connect() as connection:
        connection.execute("ALTER SYSTEM SET track_commit_timestamp = on")
    server.stop()
    server.start()
    server.wait_ready()


def wait_for_rows(server: Postgres, table: str, wanted: int, writer: Child) -> None:
    """Until Postgres has counted so many inserts: its statistics cost nothing, a count(*) would cost a core.

    Raises:
        StartError: the writer has ended; the text has the end of its log.
        BenchError: it runs, and no row came for a minute.
    """
    statistics = "SELECT n_tup_ins FROM pg_stat_user_tables WHERE relname = %s"
    with server.connect() as connection:
        seen, moved = 0, time.monotonic()
        # Inserts that were rolled back are counted too, so at the end the rows themselves are.
        while seen < wanted or _count(connection, table) < wanted:
            time.sleep(_POLL_S)
            if not writer.is_running():
                raise writer.died()
            row = connection.execute(statistics, (table,)).fetchone()
            now = int(row[0]) if row else 0
            if now != seen:
                seen, moved = now, time.monotonic()
            elif time.monotonic() - moved > _STALLED_S:
                raise BenchError(
                    f"{table} should get {wanted:,} rows and has {seen:,}; none came for {_STALLED_S:.0f} s. "
                    f"The end of {writer.log_path}:\n{log_tail(writer.log_path)}"
                )


def empty(server: Postgres) -> None:
    """Drops every table of the sink; its next start makes them anew."""
    with server.connect() as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")


def _count(connection: psycopg.Connection, table: str) -> int:
    row = connection.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))).fetchone()
    return int(row[0]) if row else 0


@dataclass(frozen=True, slots=True)
class Commits:
    """The first transaction, and what came after it: a rate without whatever went before the first."""

    later_rows: int
    seconds: float


def commits(server: Postgres, table: str) -> Commits:
    """How long the rows of a table took, from the commit of the first to the commit of the last."""
    query = sql.SQL(
        "WITH t AS (SELECT pg_xact_commit_timestamp(xmin) AS at, count(*) AS n FROM {} GROUP BY xmin) "
        "SELECT sum(n) - (array_agg(n ORDER BY at))[1], extract(epoch FROM max(at) - min(at)) FROM t"
    )
    with server.connect() as connection:
        row = connection.execute(query.format(sql.Identifier(table))).fetchone()
    if row is None or not row[1]:
        raise BenchError(f"{table} was filled in one transaction: there is no rate to read from it")
    return Commits(int(row[0]), float(row[1]))


@dataclass(frozen=True, slots=True)
class Latencies:
    """Of the rows made after the warm-up: how many, how fast the producer made them, and the quantiles."""

    rows: int
    rows_per_s: float
    quantiles_ms: tuple[float, ...]


def latencies(server: Postgres, table: str, warm_up_s: float, quantiles: Sequence[float]) -> Latencies:
    """From the producer's time in a row to the commit of that row."""
    query = sql.SQL(
        "SELECT count(*), count(*) / extract(epoch FROM max(ingested_at) - min(ingested_at)), "
        "percentile_cont(%s::float8[]) WITHIN GROUP "
        "(ORDER BY extract(epoch FROM pg_xact_commit_timestamp(xmin) - ingested_at)::float8 * 1000) "
        "FROM {0} WHERE ingested_at >= (SELECT min(ingested_at) FROM {0}) + make_interval(secs => %s)"
    )
    with server.connect() as connection:
        row = connection.execute(query.format(sql.Identifier(table)), (list(quantiles), warm_up_s)).fetchone()
    if row is None or row[1] is None:
        raise BenchError(f"{table} has no rows that were made more than {warm_up_s:.0f} s after the first one")
    return Latencies(int(row[0]), float(row[1]), tuple(float(value) for value in row[2]))


def copy_and_upsert(server: Postgres, record: Record, rows: Iterator[msgspec.Struct], batch: int) -> tuple[int, float]:
    """The plain way into Postgres: COPY a batch to a staging table, upsert it from there, commit. Rows and seconds.

    The text that COPY reads is made before the clock starts: this is what the database takes, not what Python can make.
    """
    columns = sql.SQL(", ").join(map(sql.Identifier, postgres.copy_columns(record)))
    identity = sql.SQL(", ").join(map(sql.Identifier, record.identity))
    others = [name for name in record.names if name not in record.identity]
    changes = sql.SQL(", ").join(sql.SQL("{0} = excluded.{0}").format(sql.Identifier(name)) for name in others)
    copy = sql.SQL("COPY staging ({}) FROM STDIN").format(columns)
    upsert = sql.SQL("INSERT INTO raw SELECT * FROM staging ON CONFLICT ({}) DO UPDATE SET {}").format(
        identity, changes
    )
    batches = list(_copy_texts(rows, batch))
    with server.connect() as connection:
        connection.execute(postgres.create_table(record, "raw").encode())
        connection.execute("CREATE TEMP TABLE staging (LIKE raw) ON COMMIT DELETE ROWS")
        watch = Stopwatch()
        for text in batches:
            with connection.transaction(), connection.cursor() as cursor:
                with cursor.copy(copy) as target:
                    target.write(text)
                cursor.execute(upsert)
        seconds = watch.seconds
        return _count(connection, "raw"), seconds


def _copy_texts(rows: Iterator[msgspec.Struct], batch: int) -> Iterator[bytes]:
    """Batches in COPY's text format. The bench's own texts have nothing in them that would need escaping."""
    while part := list(islice(rows, batch)):
        lines = ("\t".join("\\N" if value is None else str(value) for value in postgres.row(row)) for row in part)
        yield ("\n".join(lines) + "\n").encode()
