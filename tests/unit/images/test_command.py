"""`python -m scripts.images`: what it prints, and its exit codes. The engine is played."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.images import build, context
from scripts.images.__main__ import main
from scripts.images.build import tag
from tests.unit.images.conftest import Play

BUILDAH = """\
case "$1" in
    images) echo "217 MB";;
    build) [ -z "$FAIL" ] || exit 1;;
esac
"""


@pytest.fixture(autouse=True)
def no_context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Contexts are another test's affair."""
    monkeypatch.setattr(context, "prepare", lambda image: tmp_path / image.name)
    monkeypatch.setattr(build, "revision", lambda: "abc")


def test_it_lists_what_it_makes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"localhost/isobar/{name}:{tag()}" for name in ("jobs", "producer", "sinks", "kafka", "postgres")
    ]


def test_it_builds_and_says_what_each_weighs(play: Play, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    calls = play("buildah", BUILDAH)

    assert main(["build", "sinks", "--base", "here:1"]) == 0

    built = next(line for line in calls.read_text().splitlines() if line.startswith("build "))
    assert built == (
        f"build --tag localhost/isobar/sinks:{tag()} --build-arg BASE=here:1 --build-arg VERSION={tag()} "
        f"--build-arg REVISION=abc --layers {tmp_path}/sinks"
    )
    assert capsys.readouterr().out.splitlines()[-1].split() == [f"localhost/isobar/sinks:{tag()}", "217", "MB"]


def test_the_local_base_is_made_when_it_is_not_there(play: Play, capsys: pytest.CaptureFixture[str]) -> None:
    calls = play("buildah", 'case "$1 $*" in inspect*) exit 1;; images*) echo "217 MB";; esac')
    mmdebstrap = play("mmdebstrap", "")

    assert main(["build", "kafka", "--base", "local"]) == 0

    assert "openjdk-17-jre-headless" in mmdebstrap.read_text()
    builds = [line for line in calls.read_text().splitlines() if line.startswith("build ")]
    assert ["isobar/base-java:bookworm-" in line for line in builds] == [True, True]


def test_a_base_that_could_not_be_made_is_an_error(play: Play, capsys: pytest.CaptureFixture[str]) -> None:
    play("buildah", 'case "$1" in inspect) exit 1;; esac')
    play("mmdebstrap", "echo 'E: no mirror' >&2; exit 25")

    assert main(["build", "sinks", "--base", "local"]) == 1
    assert capsys.readouterr().err == "error: mmdebstrap could not make the base image:\nE: no mirror\n"


def test_a_build_that_fails_is_exit_code_1(
    play: Play, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    play("buildah", BUILDAH)
    monkeypatch.setenv("FAIL", "1")

    assert main(["build", "sinks", "--base", "here:1"]) == 1
    assert capsys.readouterr().err == (
        f"error: buildah could not build localhost/isobar/sinks:{tag()} from {tmp_path}/sinks: "
        "its last lines above say why.\n"
    )


def test_it_saves_an_archive_for_each(play: Play, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    calls = play("buildah", BUILDAH)
    folder = tmp_path / "archives"

    assert main(["save", str(folder), "kafka"]) == 0

    reference = f"localhost/isobar/kafka:{tag()}"
    assert f"push --quiet {reference} docker-archive:{folder}/kafka.tar:{reference}\n" in calls.read_text()
    assert capsys.readouterr().out == f"{folder}/kafka.tar\n"


def test_an_engine_that_cannot_save_is_an_error(play: Play, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    play("docker", 'case "$1" in save) echo "no such image" >&2; exit 1;; esac')

    assert main(["save", str(tmp_path), "kafka"]) == 1
    assert capsys.readouterr().err == (
        f"error: `docker save --output {tmp_path}/kafka.tar localhost/isobar/kafka:{tag()}` failed: no such image\n"
    )


def test_an_unknown_name_is_an_error(play: Play, capsys: pytest.CaptureFixture[str]) -> None:
    play("buildah", BUILDAH)

    assert main(["build", "api"]) == 1
    assert capsys.readouterr().err == (
        "error: There is no image 'api': expected one of jobs, producer, sinks, kafka, postgres.\n"
    )
