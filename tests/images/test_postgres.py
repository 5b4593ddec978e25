"""The database image: made at the first start, kept at the next, stopped quickly and cleanly."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.images.conftest import Run
from tests.images.container import Container

# Several starts of a JVM or a server, each of which may take READY_TIMEOUT_S on a busy machine.
pytestmark = pytest.mark.timeout(400)

PASSWORD = "not a ' secret"
READY = "database system is ready to accept connections"
CLIENT = ("/opt/venv/bin/python", "-c", "import sys, psycopg; exec(sys.argv[1])")


def _server(container: Run, shared: Path, arguments: tuple[str, ...] = ()) -> Container:
    (shared / "password").write_text(f"{PASSWORD}\n")
    return container(
        "postgres",
        ["-c", "listen_addresses=127.0.0.1", *arguments],
        env={"POSTGRES_PASSWORD_FILE": "/run/secrets/password"},
        files={"/run/secrets/password": shared / "password"},
        volumes={"/var/lib/postgresql": shared / "data"},
    )


def _client(container: Run, server: Container, statements: str, password: str = PASSWORD) -> Container:
    """A program in another container of the same pod; the sink's image has the library."""
    environment = {"PGHOST": "127.0.0.1", "PGUSER": "isobar", "PGDATABASE": "isobar", "PGPASSWORD": password}
    return container("sinks", [statements], entrypoint=CLIENT, env=environment, beside=server)


def test_it_answers_and_keeps_what_it_was_told(container: Run, shared: Path) -> None:
    first = _server(container, shared)
    first.start()
    first.wait_for(READY)
    told = _client(container, first, "psycopg.connect(autocommit=True).execute('CREATE TABLE t AS SELECT 42 AS n')")
    assert told.run() == (0, "")
    assert first.stop() == 0

    second = _server(container, shared)
    second.start()
    second.wait_for(READY)
    asked = _client(container, second, "print(psycopg.connect().execute('SELECT n FROM t').fetchone())")
    assert asked.run() == (0, "(42,)\n")
    assert "database system was shut down" in second.log(), "the first stop left something to recover"
    assert "initdb" not in second.log()


def test_a_wrong_password_is_refused(container: Run, shared: Path) -> None:
    server = _server(container, shared)
    server.start()
    server.wait_for(READY)

    code, output = _client(container, server, "psycopg.connect()", password="a guess").run()

    assert code == 1
    assert 'password authentication failed for user "isobar"' in output
    assert PASSWORD not in server.log()


def test_sigterm_does_not_wait_for_clients(container: Run, shared: Path) -> None:
    """Postgres' own answer to SIGTERM waits until the last client has left, which a sink never does."""
    server = _server(container, shared)
    server.start()
    server.wait_for(READY)
    client = _client(
        container, server, "c = psycopg.connect(); print('open', flush=True); c.execute('SELECT pg_sleep(99)')"
    )
    client.start()
    client.wait_for("open")

    assert server.stop() == 0
    assert "received fast shutdown request" in server.log()
    assert "database system is shut down" in server.log()


def test_a_start_that_was_cut_short_is_begun_anew(container: Run, shared: Path) -> None:
    half = shared / "data" / "data.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    half.chmod(0o777)

    server = _server(container, shared)
    server.start()
    server.wait_for(READY)

    assert not half.exists()


def test_without_a_password_it_says_what_to_do(container: Run, shared: Path) -> None:
    code, output = container("postgres", volumes={"/var/lib/postgresql": shared / "data"}).run()

    assert (code, output) == (
        1,
        "postgres: POSTGRES_PASSWORD_FILE is not set: expected the path of a file that holds the password\n",
    )
