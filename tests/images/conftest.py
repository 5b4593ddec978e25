"""Images that `make images` built, mounted once for all tests.

They are read from Buildah's storage and run by runc, as root. On a machine without these, or before the images are
built, the tests are skipped with what to do.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from scripts.images.build import tag
from scripts.images.catalogue import IMAGES, reference
from scripts.images.engine import Engine
from tests.images.container import BuiltImage, Container, mounted

Run = Callable[..., Container]


def _missing() -> str | None:
    if os.geteuid() != 0:
        return "containers are run by runc as root: run the tests as root"
    absent = [program for program in ("buildah", "runc") if shutil.which(program) is None]
    if absent:
        return f"needs {' and '.join(absent)}: `apt install {' '.join(absent)}`"
    unbuilt = [each.name for each in IMAGES if not Engine("buildah").exists(reference(each.name, tag()))]
    if unbuilt:
        return (
            f"no image of {', '.join(unbuilt)} in Buildah's storage: `python -m scripts.images --engine buildah build`"
        )
    return None


@pytest.fixture(scope="session")
def images() -> Iterator[Mapping[str, BuiltImage]]:
    """Every image by its name."""
    if reason := _missing():
        pytest.skip(reason)
    with contextlib.ExitStack() as stack:
        yield {each.name: stack.enter_context(mounted(each.name, reference(each.name, tag()))) for each in IMAGES}


@pytest.fixture
def container(images: Mapping[str, BuiltImage], tmp_path: Path) -> Iterator[Run]:
    """Makes containers of an image by its name; whatever still runs at the end of the test is removed."""
    made: list[Container] = []

    def make(name: str, arguments: Sequence[str] = (), **options: object) -> Container:
        bundle = tmp_path / f"{name}-{len(made)}"
        made.append(Container(images[name], bundle, arguments, **options))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for each in reversed(made):
        each.remove()


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    """A folder whose files any container may read, whatever pytest made of the way to it: bind mounts skip the way."""
    folder = tmp_path / "shared"
    folder.mkdir()
    return folder
