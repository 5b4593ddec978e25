"""Jars by Maven coordinates, fetched once into the user's cache.

`local/jars/<set>/pom.xml` names what a set holds and sha256.json what each file must be; both together are the key of
the cache directory, so that a changed version is another directory and a warm start asks Maven nothing. A set is
fetched into a temporary directory beside it, checked, and renamed: a directory in place is a whole one.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from local.errors import StartError
from local.java import java_home
from local.paths import cache_dir

JAR_SETS_DIR = Path(__file__).with_name("jars")
BROKER = "broker"
FLINK = "flink"
# Only images hold it: what runs here keeps its checkpoints on the disk.
S3 = "s3"
JAR_SETS = (BROKER, FLINK)

# Enough of Maven's output to hold its one useful line, which comes before a page of advice.
_OUTPUT_TAIL_LINES = 20
# 55 MB on a slow line.
FETCH_TIMEOUT_S = 600


def jar_dir(name: str) -> Path:
    """Where a set belongs, whether or not it is there."""
    key = hashlib.sha256()
    for file in ("pom.xml", "sha256.json"):
        key.update((JAR_SETS_DIR / name / file).read_bytes())
    return cache_dir() / "jars" / f"{name}-{key.hexdigest()[:16]}"


def is_cached(name: str) -> bool:
    return jar_dir(name).is_dir()


def fetch(name: str) -> Path:
    """The directory that holds the set's jars; Maven runs only if it is not there."""
    target = jar_dir(name)
    if target.is_dir():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{name}-", dir=target.parent) as scratch:
        staging = Path(scratch) / name
        _run_maven(name, staging)
        _verify(name, staging)
        try:
            staging.rename(target)
        except OSError:
            # Another process fetched the same set meanwhile; its directory is as whole as ours.
            if not target.is_dir():
                raise
    return target


def _run_maven(name: str, staging: Path) -> None:
    pom = JAR_SETS_DIR / name / "pom.xml"
    maven = shutil.which("mvn")
    if maven is None:
        raise StartError("Maven (mvn) is needed to fetch jars and was not found: install it, e.g. `apt install maven`.")
    goal = ["dependency:copy-dependencies", f"-DoutputDirectory={staging}", "-DincludeScope=runtime"]
    result = subprocess.run(
        [maven, "-q", "-B", "--strict-checksums", "-f", str(pom), *goal],
        env={**os.environ, "JAVA_HOME": str(java_home())},
        capture_output=True,
        text=True,
        timeout=FETCH_TIMEOUT_S,
        check=False,
    )
    if result.returncode != 0:
        tail = "\n".join((result.stdout + result.stderr).splitlines()[:_OUTPUT_TAIL_LINES])
        raise StartError(f"Maven could not fetch the {name} jars of {pom} (exit code {result.returncode}):\n{tail}")


def _verify(name: str, staging: Path) -> None:
    expected: dict[str, str] = json.loads((JAR_SETS_DIR / name / "sha256.json").read_text())
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in staging.glob("*.jar")}
    if found != expected:
        differing = sorted(file for file in expected.keys() | found.keys() if expected.get(file) != found.get(file))
        raise StartError(
            f"The {name} jars differ from local/jars/{name}/sha256.json: {', '.join(differing)}. "
            "After a change of versions write the new sums; otherwise do not trust the repository they came from."
        )
