"""The script that gives Postgres the password of its Secret, on a real Postgres."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from local.ports import free_port
from local.postgres import USER, Postgres
from tests.charts.rendering import RELEASE, one, template

# Real servers start, each of which takes its time on a busy machine.
pytestmark = [pytest.mark.integration, pytest.mark.timeout(400)]


@pytest.fixture
def postgres() -> Iterator[Postgres]:
    """Not in pytest's own folder: Postgres runs as another user when we are root, and may not enter that."""
    with tempfile.TemporaryDirectory(prefix="isobar-chart-", dir="/var/tmp") as name:
        Path(name).chmod(0o755)
        postgres = Postgres(Path(name) / "postgres", free_port())
        postgres.start()
        try:
            postgres.wait_ready()
            yield postgres
        finally:
            postgres.stop()


def set_password(postgres: Postgres, password: str, data_dir: Path | None = None) -> None:
    """Runs the init container's script as the pod would, with this machine's paths."""
    statefulset = one(template("postgres"), "StatefulSet", f"{RELEASE}-postgres")
    [container] = statefulset["spec"]["template"]["spec"]["initContainers"]
    file = postgres.data_dir / "new-password"
    file.write_text(password)
    file.chmod(0o644)
    owner = postgres.owner
    subprocess.run(
        [*container["command"], *container["args"]],
        env={
            "PATH": f"{Path(postgres.psql()).parent}:{os.environ['PATH']}",
            "PGDATA": str(data_dir or postgres.data_dir / "cluster"),
            "POSTGRES_USER": USER,
            "POSTGRES_PASSWORD_FILE": str(file),
        },
        user=owner.uid if owner else None,
        group=owner.gid if owner else None,
        cwd="/",
        check=True,
    )


def connects(postgres: Postgres, password: str) -> bool:
    try:
        psycopg.connect(
            host="127.0.0.1", port=postgres.port, user=USER, password=password, dbname="postgres", connect_timeout=5
        ).close()
    except psycopg.OperationalError:
        return False
    return True


@pytest.mark.parametrize("password", ["simple", 'it\'s "quoted" $HOME \\ `id`'])
def test_a_start_takes_the_password_of_its_file(postgres: Postgres, password: str) -> None:
    old = postgres.password
    postgres.stop()

    set_password(postgres, password)

    postgres.start()
    postgres.wait_until(lambda: connects(postgres, password), 30)
    assert not connects(postgres, old)


def test_a_first_start_has_nothing_to_set(postgres: Postgres) -> None:
    set_password(postgres, "x", postgres.data_dir / "nothing")

    assert connects(postgres, postgres.password)
