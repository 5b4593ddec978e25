"""What an image holds, and what it must not: read from its mounted root and its configuration."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from scripts.images.build import tag
from scripts.images.catalogue import IMAGES, reference
from scripts.images.engine import Engine
from tests.images.container import BuiltImage

NAMES = [each.name for each in IMAGES]

MOST_BYTES = {"jobs": 900_000_000, "producer": 300_000_000, "sinks": 300_000_000}
MOST_BYTES |= {"kafka": 500_000_000, "postgres": 300_000_000}

# Compilers, what builds and what downloads: of no use to what runs, of much to who breaks in.
TOOLS = re.compile(
    r"(?:.*-)?(?:gcc|g\+\+|cc|c\+\+|ld|as|make|cmake|cargo|go)(?:-[\d.]+)?|javac|mvn|uv|pip[\d.]*|git|curl|wget"
)
# Left behind by installers.
LEAVINGS = ("var/lib/apt/lists", "var/cache/apt/archives", "root/.cache", "tmp")
SECRET_WORDS = re.compile(r"password|secret|token|api_?key|credential", re.IGNORECASE)


@pytest.fixture(params=NAMES)
def image(request: pytest.FixtureRequest, images: Mapping[str, BuiltImage]) -> BuiltImage:
    return images[request.param]


def _files(folder: Path) -> list[Path]:
    """Files below a folder, without following links out of the image."""
    return [Path(parent, name) for parent, _, names in os.walk(folder) for name in names]


def test_it_says_what_it_is(image: BuiltImage) -> None:
    prefix = "org.opencontainers.image."
    labels = {name.removeprefix(prefix): value for name, value in image.labels.items() if name.startswith(prefix)}

    assert labels["title"] == f"isobar-{image.name}"
    assert labels["version"] == tag()
    assert labels["licenses"] == "Apache-2.0"
    assert re.fullmatch(r"[0-9a-f]{40}(-dirty)?", labels["revision"])
    assert labels["description"]


def test_its_user_is_a_number(image: BuiltImage) -> None:
    """Kubernetes cannot tell whether a name is root, and then refuses runAsNonRoot."""
    expected = next(each.uid for each in IMAGES if each.name == image.name)

    assert image.user == f"{expected}:{expected}"


def test_it_has_no_tool_that_builds_or_downloads(image: BuiltImage) -> None:
    folders = ("bin", "sbin", "usr/bin", "usr/sbin", "usr/local/bin", "opt/venv/bin")
    found = {
        f"{folder}/{path.name}"
        for folder in folders
        for path in image.root.glob(f"{folder}/*")
        if TOOLS.fullmatch(path.name)
    }
    libraries = [
        path for path in image.root.glob("opt/venv/lib/python*/site-packages/*") if path.name in ("pip", "setuptools")
    ]

    assert found == set()
    assert libraries == []


def test_installers_left_nothing_behind(image: BuiltImage) -> None:
    left = [path for folder in LEAVINGS for path in _files(image.root / folder) if path.name != "lock"]

    assert left == []


def test_nothing_of_it_can_be_changed_by_its_user(image: BuiltImage) -> None:
    """But for the folders that are there for volumes and for everybody."""
    uid, gid = image.ids
    allowed = {"opt/flink/log", "var/lib/kafka", "var/lib/postgresql", "tmp", "var/tmp", "run/lock"}
    changeable = set()
    for parent, folders, names in os.walk(image.root):
        for name in (*folders, *names):
            path = Path(parent, name)
            status = path.lstat()
            writable = (
                (status.st_uid == uid and status.st_mode & 0o200)
                or (status.st_gid == gid and status.st_mode & 0o020)
                or status.st_mode & 0o002
            )
            if writable and not path.is_symlink() and not path.is_char_device():
                changeable.add(str(path.relative_to(image.root)))

    assert changeable - allowed == set()


def test_no_secret_is_in_its_environment_or_history(image: BuiltImage) -> None:
    named = {name for name in image.env if SECRET_WORDS.search(name)}
    told = [entry for entry in map(json.dumps, image.history) if re.search(r"(password|token|secret)\s*=", entry, re.I)]
    # A place is no secret: it is where one is mounted.
    assert {name for name in named if not name.endswith(("_FILE", "_DIR"))} == set()
    assert told == []


@pytest.mark.parametrize("name", NAMES)
def test_it_is_small_enough(name: str, images: Mapping[str, BuiltImage], capsys: pytest.CaptureFixture[str]) -> None:
    size = Engine("buildah").size_bytes(reference(name, tag()))
    with capsys.disabled():
        print(f"\n{name}: {size / 1e6:.0f} MB")

    assert size <= MOST_BYTES[name]


def test_the_jobs_image_has_each_jar_once(images: Mapping[str, BuiltImage]) -> None:
    root = images["jobs"].root
    jars = [path.name for path in _files(root / "opt") if path.suffix == ".jar"]

    assert sorted(jars) == sorted(set(jars))
    assert next(root.glob("opt/venv/lib/python*/site-packages/pyflink")).readlink() == Path("/opt/flink")
    assert {"flink-python-2.2.1.jar", "isobar-functions.jar", "flink-s3-fs-hadoop-2.2.0.jar"} <= set(jars)
