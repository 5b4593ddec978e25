"""Builds images one after the other on one base, and prints what each weighs."""

from __future__ import annotations

import shutil
import subprocess
import tomllib
from collections.abc import Sequence

from local.paths import REPOSITORY
from scripts.images import base, context
from scripts.images.catalogue import Image, reference
from scripts.images.engine import Engine
from scripts.images.errors import ImageError
from scripts.images.lock import PYPROJECT

_MB = 10**6


def tag() -> str:
    """The project's version, which is every image's tag."""
    return str(tomllib.loads(PYPROJECT.read_text("utf-8"))["project"]["version"])


def revision() -> str:
    """The commit, for a label; a tree that is no checkout (a source archive) says so."""
    if shutil.which("git") is None:
        return "unknown"
    result = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    return result.stdout.strip() if result.returncode == 0 else "unknown"


def build(engine: Engine, images: Sequence[Image], base_name: str) -> None:
    """Build each image; the sizes come last, where they are seen."""
    if base_name != base.LOCAL:
        _bring(engine, base_name)
    references = []
    for image in images:
        chosen = base.ensure(engine, image) if base_name == base.LOCAL else base_name
        made = reference(image.name, tag())
        print(f"building {made} on {chosen} with {engine.command}", flush=True)
        engine.build(context.prepare(image), made, {"BASE": chosen, "VERSION": tag(), "REVISION": revision()})
        references.append(made)
    print()
    for made in references:
        print(f"{made:<40} {engine.size_bytes(made) / _MB:>6.0f} MB")


def _bring(engine: Engine, base_name: str) -> None:
    if engine.exists(base_name):
        return
    if (refusal := engine.pull(base_name)) is not None:
        raise ImageError(
            f"The base image {base_name} is not here, and {engine.command} could not pull it: "
            f"{refusal.splitlines()[-1] if refusal else 'it said nothing'}\n"
            "On a machine that no registry answers, `make images BASE=local` makes a base from Debian packages."
        )
