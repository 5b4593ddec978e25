"""Jars are fetched once, whole and as expected, or not at all. Maven itself is played by a shell script."""

import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from local import maven
from local.errors import StartError

CONTENT = b"a jar"
FakeMaven = Callable[[str], Path]


@pytest.fixture(autouse=True)
def one_small_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "sets" / "example"
    folder.mkdir(parents=True)
    (folder / "pom.xml").write_text("<project/>")
    (folder / "sha256.json").write_text(json.dumps({"example-1.0.jar": hashlib.sha256(CONTENT).hexdigest()}))
    monkeypatch.setattr(maven, "JAR_SETS_DIR", tmp_path / "sets")
    monkeypatch.setattr(maven, "java_home", lambda: Path("/java"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("shutil.which", lambda _: None)


@pytest.fixture
def fake_maven(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeMaven:
    """Maven that runs a script with $out as its output directory, and counts its calls in calls.txt."""

    def make(script: str) -> Path:
        program = tmp_path / "mvn"
        calls = tmp_path / "calls.txt"
        program.write_text(
            f'#!/bin/sh\necho "$@" >> {calls}\n'
            'for word; do case "$word" in -DoutputDirectory=*) out="${word#*=}";; esac; done\n'
            f'mkdir -p "$out"\n{script}\n'
        )
        program.chmod(0o755)
        monkeypatch.setattr("shutil.which", lambda _: str(program))
        return calls

    return make


def test_a_cached_set_needs_no_maven(fake_maven: FakeMaven) -> None:
    calls = fake_maven('printf "a jar" > "$out/example-1.0.jar"')
    first = maven.fetch("example")
    second = maven.fetch("example")

    assert first == second
    assert (first / "example-1.0.jar").read_bytes() == CONTENT
    assert len(calls.read_text().splitlines()) == 1


def test_another_version_is_another_directory(fake_maven: FakeMaven, tmp_path: Path) -> None:
    fake_maven('printf "a jar" > "$out/example-1.0.jar"')
    first = maven.fetch("example")
    (tmp_path / "sets" / "example" / "pom.xml").write_text("<project><!-- 2.0 --></project>")

    assert maven.jar_dir("example") != first
    assert not maven.is_cached("example")


@pytest.mark.parametrize(
    ("script", "named"),
    [
        ('printf "another jar" > "$out/example-1.0.jar"', "example-1.0.jar"),
        ('printf "a jar" > "$out/example-1.0.jar"; touch "$out/stranger.jar"', "stranger.jar"),
        ("true", "example-1.0.jar"),
    ],
    ids=["changed", "added", "missing"],
)
def test_jars_that_are_not_what_was_recorded_are_refused(fake_maven: FakeMaven, script: str, named: str) -> None:
    fake_maven(script)

    with pytest.raises(StartError) as caught:
        maven.fetch("example")

    assert str(caught.value) == (
        f"The example jars differ from local/jars/example/sha256.json: {named}. "
        "After a change of versions write the new sums; otherwise do not trust the repository they came from."
    )
    assert not maven.is_cached("example")


def test_a_fetch_that_fails_leaves_nothing_and_quotes_maven(fake_maven: FakeMaven, tmp_path: Path) -> None:
    fake_maven('touch "$out/half.jar"; echo "[ERROR] Could not resolve host"; exit 1')

    with pytest.raises(StartError) as caught:
        maven.fetch("example")

    pom = tmp_path / "sets" / "example" / "pom.xml"
    assert str(caught.value) == (
        f"Maven could not fetch the example jars of {pom} (exit code 1):\n[ERROR] Could not resolve host"
    )
    assert list((tmp_path / "cache" / "isobar" / "jars").iterdir()) == []


def test_without_maven_the_fix_is_named() -> None:
    expected = "Maven (mvn) is needed to fetch jars and was not found: install it, e.g. `apt install maven`."

    with pytest.raises(StartError, match=re.escape(expected)):
        maven.fetch("example")
