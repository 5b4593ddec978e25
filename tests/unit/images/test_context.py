"""What an image will hold is laid out by the host. uv is played by a shell script, jars are empty files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from scripts.images import context
from scripts.images.catalogue import image
from scripts.images.errors import ImageError
from tests.unit.images.conftest import Play

INSTALL = """\
while [ $# -gt 1 ]; do case "$1" in --target) target=$2;; -r) requirements=$2;; esac; shift; done
/bin/mkdir -p "$target/bin" "$target/msgspec"
echo '#!/usr/bin/python3' > "$target/bin/command"
if /bin/grep -q '^apache-flink==' "$requirements"; then
    /bin/mkdir -p "$target/pyflink/examples" "$target/pyflink/opt"
    echo > "$target/pyflink/opt/flink-python-2.2.1.jar"
    echo > "$target/pyflink/opt/flink-sql-client-2.2.1.jar"
fi
"""


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Contexts and jars in a folder of the test."""
    monkeypatch.setattr(context, "CONTEXTS", tmp_path / "contexts")
    for name in ("flink", "s3", "broker", "functions"):
        (tmp_path / "jars" / name).mkdir(parents=True)
        (tmp_path / "jars" / name / f"{name}.jar").touch()
    monkeypatch.setattr("local.maven.fetch", lambda name: tmp_path / "jars" / name)
    monkeypatch.setattr("local.functions.jar", lambda: tmp_path / "jars" / "functions" / "functions.jar")


@pytest.fixture
def uv(play: Play, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Its calls."""
    calls = play("uv", INSTALL)
    monkeypatch.setattr(context, "UV", tmp_path / "bin" / "uv")
    return calls


def _names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_program_comes_with_its_packages_and_its_libraries(uv: Path) -> None:
    made = context.prepare(image("producer"))

    assert _names(made) == {"Dockerfile", "LICENSE", "app", "requirements.txt", "site-packages"}
    assert _names(made / "app") == {"contracts", "producer"}
    assert (made / "app/contracts/schemas/weather_observation.avsc").exists()
    assert list(made.rglob("__pycache__")) == []
    assert _names(made / "site-packages") == {"msgspec"}, "commands name an interpreter of this machine"


def test_libraries_are_those_of_the_lock_checked_by_hash_for_the_image_s_python(uv: Path) -> None:
    made = context.prepare(image("sinks"))

    called = uv.read_text()
    assert "--no-deps --require-hashes --python-version 3.11 --python-platform" in called
    assert re.search(r"--python-platform (x86_64|aarch64)-manylinux_2_28 ", called)
    requirements = (made / "requirements.txt").read_text()
    assert "psycopg" in requirements
    assert "kafka-python" not in requirements


def test_flink_is_split_from_its_library_and_linked(uv: Path) -> None:
    made = context.prepare(image("jobs"))

    assert (made / "site-packages/pyflink").readlink() == Path("/opt/flink")
    assert _names(made / "flink/opt") == {"flink-python-2.2.1.jar"}
    assert not (made / "flink/examples").exists()
    assert {name: _names(made / "jars" / name) for name in ("flink", "s3", "functions")} == {
        "flink": {"flink.jar"},
        "s3": {"s3.jar"},
        "functions": {"functions.jar"},
    }
    assert (made / "app/jobs/process_weather.py").exists()
    assert not (made / "app/jobs/java").exists(), "sources of a jar that is in the image"


def test_a_context_is_made_anew(uv: Path) -> None:
    stale = context.prepare(image("producer")) / "app" / "left-over"
    stale.touch()

    context.prepare(image("producer"))

    assert not stale.exists()


def test_the_broker_needs_no_library(play: Play) -> None:
    made = context.prepare(image("kafka"))

    assert _names(made) == {"Dockerfile", "LICENSE", "jars", "kafka-entrypoint.sh", "log4j.properties"}
    assert _names(made / "jars" / "broker") == {"broker.jar"}


def test_libraries_that_cannot_be_installed_are_an_error(
    play: Play, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    play("uv", "echo 'no such host' >&2; exit 2")
    monkeypatch.setattr(context, "UV", tmp_path / "bin" / "uv")

    with pytest.raises(ImageError) as caught:
        context.prepare(image("postgres"))

    assert str(caught.value) == "The requirements of postgres could not be installed:\nno such host"
