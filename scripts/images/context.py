"""The build context of an image: everything it will hold, fetched and checked here on the host.

Nothing is downloaded inside a build. The host has the caches, the proxies and the certificates, a build has none of
them; so an image builds on a machine behind a mirror, or without a network once the caches are warm, and what goes in
is what the lock and the jar sets say, by hash.
"""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
from pathlib import Path

from local import functions, maven
from local.paths import REPOSITORY
from scripts.images import lock
from scripts.images.catalogue import FUNCTIONS, PYTHON, Image
from scripts.images.errors import ImageError

CONTEXTS = REPOSITORY / "build" / "images"
DOCKERFILES = REPOSITORY / "images"

# PyFlink's own folder inside the image; site-packages links to it, so that its 300 MB of jars are there once.
FLINK_HOME = "/opt/flink"
# In the wheel, of no use in a cluster.
_FLINK_UNUSED = ("examples", "opt/flink-sql-client-*.jar")

# Of this environment, pinned and hashed by the lock like all the rest.
UV = Path(sys.executable).with_name("uv")
# The oldest C library among the bases: Debian 12 has 2.36.
_MANYLINUX = "manylinux_2_28"
# macOS has a name of its own for it.
_MACHINES = {"arm64": "aarch64"}
# A minute on a warm cache; PyFlink's wheels are 300 MB on a cold one.
_INSTALL_TIMEOUT_S = 1800


def prepare(image: Image) -> Path:
    """A fresh context of this image; returns its directory."""
    context = CONTEXTS / image.name
    shutil.rmtree(context, ignore_errors=True)
    shutil.copytree(DOCKERFILES / image.name, context)
    shutil.copy2(REPOSITORY / "LICENSE", context)
    for package in image.packages:
        shutil.copytree(REPOSITORY / package, context / "app" / package, ignore=_not_for_images)
    for name in image.jars:
        folder = functions.jar().parent if name == FUNCTIONS else maven.fetch(name)
        shutil.copytree(folder, context / "jars" / name)
    if image.extra or image.wheels:
        _install(image, context)
    return context


def _not_for_images(folder: str, names: list[str]) -> set[str]:
    """What belongs to a checkout only: bytecode of another interpreter, sources of jars."""
    return {name for name in names if name in ("__pycache__", "java") or name.endswith(".pyc")}


def _install(image: Image, context: Path) -> None:
    """The locked requirements, unpacked as site-packages for the interpreter of the image."""
    wanted = lock.roots(image.extra) if image.extra else set(image.wheels)
    requirements = context / "requirements.txt"
    requirements.write_text(lock.subset(wanted, image.without), "utf-8")
    target = context / "site-packages"
    command = [str(UV), "pip", "install", "--quiet", "--no-deps", "--require-hashes"]
    command += ["--python-version", PYTHON, "--python-platform", _platform()]
    command += ["--target", str(target), "-r", str(requirements)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=_INSTALL_TIMEOUT_S, check=False)
    if result.returncode != 0:
        raise ImageError(f"The requirements of {image.name} could not be installed:\n{result.stderr.strip()}")
    # Commands of the libraries: their first line names an interpreter of this machine.
    shutil.rmtree(target / "bin", ignore_errors=True)
    (target / ".lock").unlink(missing_ok=True)
    if (target / "pyflink").exists():
        _split_flink(target, context / "flink")


def _platform() -> str:
    """Linux on this machine's processor, which is what an engine builds for unless told otherwise."""
    machine = platform.machine()
    return f"{_MACHINES.get(machine, machine)}-{_MANYLINUX}"


def _split_flink(site_packages: Path, home: Path) -> None:
    """Flink's home out of site-packages, with a link that says where it will be in the image."""
    (site_packages / "pyflink").rename(home)
    (site_packages / "pyflink").symlink_to(FLINK_HOME)
    for pattern in _FLINK_UNUSED:
        for path in home.glob(pattern):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
