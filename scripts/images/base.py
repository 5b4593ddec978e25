"""A base image from Debian packages, for machines that no registry answers: `make images BASE=local`.

mmdebstrap makes the root of a minimal Debian with Python; a Dockerfile of two lines imports it, which every engine
can. Where an image runs on a JVM the base has one, so that such an image then builds without a network at all.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tempfile
from pathlib import Path

from scripts.images.catalogue import DEBIAN, PYTHON, Image, reference
from scripts.images.context import CONTEXTS
from scripts.images.engine import Engine
from scripts.images.errors import ImageError

LOCAL = "local"

_PACKAGES = (f"python{PYTHON}", f"python{PYTHON}-venv", "ca-certificates")
_JAVA_PACKAGES = ("openjdk-17-jre-headless",)

# Pages nobody reads in a container are a tenth of it. The JRE's installation fails without a folder for them.
_OPTIONS = (
    "--variant=minbase",
    "--dpkgopt=path-exclude=/usr/share/man/*",
    "--dpkgopt=path-exclude=/usr/share/locale/*",
    "--dpkgopt=path-exclude=/usr/share/doc/*",
    "--dpkgopt=path-include=/usr/share/doc/*/copyright",
    '--essential-hook=mkdir -p "$1/usr/share/man/man1"',
)
_DOCKERFILE = 'FROM scratch\nADD base.tar /\nCMD ["/bin/bash"]\n'
# 45 s with a near mirror.
_TIMEOUT_S = 900


def name(image: Image) -> str:
    """The base this image takes; its tag is its recipe, so that another recipe is another image."""
    return _reference(java=image.java)


def _packages(java: bool) -> tuple[str, ...]:
    return _PACKAGES + (_JAVA_PACKAGES if java else ())


def _reference(java: bool) -> str:
    recipe = "\n".join([DEBIAN, *_packages(java), *_OPTIONS, _DOCKERFILE])
    tag = f"{DEBIAN}-{hashlib.sha256(recipe.encode()).hexdigest()[:12]}"
    return reference("base-java" if java else "base", tag)


def make(engine: Engine, *, java: bool) -> str:
    """Make the base anew, with the packages' present security fixes; returns its name."""
    program = shutil.which("mmdebstrap")
    if program is None:
        raise ImageError(
            "mmdebstrap is needed to make a base image and was not found: install it, e.g. `apt install mmdebstrap`, "
            "or build on a base from a registry, e.g. `make images BASE=python:3.11-slim-bookworm`."
        )
    CONTEXTS.mkdir(parents=True, exist_ok=True)
    made = _reference(java)
    with tempfile.TemporaryDirectory(prefix=".base-", dir=CONTEXTS) as scratch:
        context = Path(scratch)
        command = [program, "--quiet", *_OPTIONS, f"--include={','.join(_packages(java))}", DEBIAN]
        result = subprocess.run(
            [*command, str(context / "base.tar")], capture_output=True, text=True, timeout=_TIMEOUT_S, check=False
        )
        if result.returncode != 0:
            raise ImageError(f"mmdebstrap could not make the base image:\n{result.stderr.strip()}")
        (context / "Dockerfile").write_text(_DOCKERFILE)
        engine.build(context, made, {})
    return made


def ensure(engine: Engine, image: Image) -> str:
    """The base this image takes, made if it is not here yet."""
    wanted = name(image)
    return wanted if engine.exists(wanted) else make(engine, java=image.java)
