"""Our Java functions for Flink (`jobs/java`), compiled once into the user's cache: `python -m local.functions`.

They do what SQL says badly and Python would do slowly, once for every record (docs/decisions/0009). The JDK
that runs Flink compiles them against Flink's own jars, in two seconds: no build tool, no binary in the repository. The
cache key is the sources and Flink's version, so an edited source is compiled when it is next wanted.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import shutil
import subprocess
import tempfile
import zipfile
from pathlib import Path

from local import maven
from local.errors import StartError
from local.flink_distribution import flink_home
from local.java import java_environment, java_home
from local.paths import REPOSITORY, cache_dir

SOURCES = REPOSITORY / "jobs" / "java"
JAR_NAME = "isobar-functions.jar"

# The oldest Java that may run them (local/java.py).
_RELEASE = "17"
# -serial: no function outlives its job in Java's serialisation; -classfile: Flink's jars lack what they annotate with.
_LINT = "-Xlint:all,-serial,-classfile,-processing"
# The earliest moment that a zip file can hold: the same sources make the same bytes.
_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)
COMPILE_TIMEOUT_S = 120


def sources() -> list[Path]:
    """Java, and the list by which Flink finds our format."""
    return sorted(path for path in SOURCES.rglob("*") if path.is_file())


def _key() -> str:
    key = hashlib.sha256(importlib.metadata.version("apache-flink").encode())
    for source in sources():
        key.update(source.relative_to(SOURCES).as_posix().encode() + b"\0" + source.read_bytes())
    return key.hexdigest()[:16]


def jar() -> Path:
    """The jar of the functions alone, for an image's FLINK_HOME/lib; compiled if it is not there."""
    target = cache_dir() / "jars" / f"functions-{_key()}" / JAR_NAME
    if not target.exists():
        with tempfile.TemporaryDirectory(prefix="isobar-functions-") as scratch:
            classes = Path(scratch) / "classes"
            _compile(classes)
            packed = Path(scratch) / JAR_NAME
            shutil.copytree(SOURCES / "META-INF", classes / "META-INF")
            _pack(classes, packed)
            _put(packed, target)
    return target


def connectors() -> Path:
    """A directory of all that Flink needs beside its own jars: the connectors and our functions."""
    fetched, ours = maven.fetch(maven.FLINK), jar()
    target = (
        cache_dir() / "jars" / f"connectors-{fetched.name.rpartition('-')[2]}-{ours.parent.name.rpartition('-')[2]}"
    )
    for file in (*sorted(fetched.glob("*.jar")), ours):
        if not (target / file.name).exists():
            _put(file, target / file.name)
    return target


def _compile(classes: Path) -> None:
    javac = java_home() / "bin" / "javac"
    options = ["--release", _RELEASE, _LINT, "-Werror", "-proc:none", "-cp", f"{flink_home() / 'lib'}/*"]
    result = subprocess.run(
        [str(javac), *options, "-d", str(classes), *map(str, SOURCES.rglob("*.java"))],
        env=java_environment(),
        capture_output=True,
        text=True,
        timeout=COMPILE_TIMEOUT_S,
        check=False,
    )
    if result.returncode != 0:
        raise StartError(f"The functions in {SOURCES} could not be compiled:\n{result.stdout}{result.stderr}")


def _pack(classes: Path, packed: Path) -> None:
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(path for path in classes.rglob("*") if path.is_file()):
            archive.writestr(zipfile.ZipInfo(file.relative_to(classes).as_posix(), _ZIP_EPOCH), file.read_bytes())


def _put(file: Path, target: Path) -> None:
    """Whole or not at all, whoever else does the same at the same time."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=target.parent, prefix=f".{target.name}-", delete=False) as partial:
        shutil.copyfile(file, partial.name)
    Path(partial.name).chmod(0o644)
    Path(partial.name).replace(target)


if __name__ == "__main__":
    print(jar())
