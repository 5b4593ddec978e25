"""Which Java is chosen when several are there, and what is said when none will do."""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest

from local import java, maven, prerequisites
from local.errors import StartError


class MakeJava(Protocol):
    def __call__(self, name: str, version: str, *, compiler: bool = True) -> Path: ...


@pytest.fixture
def make_java(tmp_path: Path) -> MakeJava:
    """Makes a Java home whose `java -version` answers as the real ones do, on standard error."""

    def make(name: str, version: str, *, compiler: bool = True) -> Path:
        binary = tmp_path / name / "bin" / "java"
        binary.parent.mkdir(parents=True)
        binary.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\" 2025-04-15' >&2\n")
        binary.chmod(0o755)
        if compiler:
            binary.with_name("javac").touch(0o755)
        return tmp_path / name

    return make


@pytest.fixture(autouse=True)
def only_the_javas_of_the_test(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setattr("shutil.which", lambda _: None)
    monkeypatch.setattr(java, "_INSTALL_PATTERNS", ((str(tmp_path), "*"),))
    java.java_home.cache_clear()
    yield
    java.java_home.cache_clear()


def test_a_right_one_beside_a_wrong_java_home_is_used(make_java: MakeJava, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_HOME", str(make_java("temurin-25", "25.0.1")))
    right = make_java("openjdk-21", "21.0.2")

    assert java.java_home() == right


def test_java_home_wins_over_others(make_java: MakeJava, monkeypatch: pytest.MonkeyPatch) -> None:
    make_java("a-17", "17.0.15")
    chosen = make_java("z-21", "21.0.2")
    monkeypatch.setenv("JAVA_HOME", str(chosen))

    assert java.java_home() == chosen


def test_only_wrong_ones_are_refused_by_name(make_java: MakeJava) -> None:
    old, new = make_java("jdk-8", "1.8.0_402"), make_java("temurin-25", "25")

    with pytest.raises(StartError) as caught:
        java.java_home()

    assert str(caught.value) == (
        f"A JDK 17 or 21 is needed; found 8 in {old}, 25 in {new}: install one, e.g. "
        "`apt install openjdk-17-jdk-headless` or `brew install openjdk@21`, or set JAVA_HOME to it."
    )


def test_one_that_cannot_compile_is_passed_over(make_java: MakeJava, monkeypatch: pytest.MonkeyPatch) -> None:
    """A JRE, even if JAVA_HOME names it: our functions are compiled here."""
    runtime = make_java("a-jre", "17.0.15", compiler=False)
    monkeypatch.setenv("JAVA_HOME", str(runtime))

    with pytest.raises(StartError) as caught:
        java.java_home()
    assert str(caught.value) == f"A JDK 17 or 21 is needed; found 17 without javac in {runtime}: {java.FIX}."

    complete = make_java("z-jdk", "21.0.2")
    assert java.java_home() == complete


def test_one_that_does_not_run_is_passed_over(make_java: MakeJava) -> None:
    broken = make_java("broken", "17.0.1")
    (broken / "bin" / "java").write_text("#!/no/such/interpreter\n")
    working = make_java("working", "17.0.15")

    assert java.java_home() == working


def test_our_jvms_take_no_options_from_the_environment(make_java: MakeJava, monkeypatch: pytest.MonkeyPatch) -> None:
    home = make_java("jdk", "17.0.15")
    monkeypatch.setenv("JAVA_TOOL_OPTIONS", "-agentlib:jdwp=transport=dt_socket,server=y,address=*:5005")

    environment = java.java_environment()

    assert environment["JAVA_HOME"] == str(home)
    assert "JAVA_TOOL_OPTIONS" not in environment


def test_everything_missing_is_said_at_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "empty"))

    assert prerequisites.missing() == [
        f"A JDK 17 or 21 is needed; found none: {java.FIX}.",
        f"Maven (mvn) is needed once, to fetch the broker and flink jars: {prerequisites.MAVEN_FIX}.",
    ]


def test_maven_is_not_needed_once_the_jars_are_cached(
    make_java: MakeJava, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    make_java("jdk", "17.0.15")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in maven.JAR_SETS:
        maven.jar_dir(name).mkdir(parents=True)

    assert prerequisites.missing() == []
