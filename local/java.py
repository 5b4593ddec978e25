"""The Java that runs the broker and Flink, and compiles our functions: JDK 17 or 21, wherever it is installed.

Flink 2.2 runs on 11, 17 and 21, and Kafka 4 needs 17, so other versions are refused rather than tried. JAVA_HOME comes
first, then the PATH, then the places where systems install JDKs: a machine whose default is another version still
works when a right one is beside it. A Java without its compiler (a JRE) is passed over as well.
"""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from local.errors import StartError

SUPPORTED_VERSIONS = (17, 21)
FIX = "install one, e.g. `apt install openjdk-17-jdk-headless` or `brew install openjdk@21`, or set JAVA_HOME to it"

_INSTALL_PATTERNS = (
    ("/usr/lib/jvm", "*"),
    ("/opt/java", "*"),
    ("/Library/Java/JavaVirtualMachines", "*/Contents/Home"),
    ("/opt/homebrew/opt", "openjdk@*"),
    (str(Path.home() / ".sdkman/candidates/java"), "*"),
)
_VERSION = re.compile(r'version "(?:1\.)?(\d+)')
# `java -version` answers in 0.1 s; a hung one must not hang the demo.
_VERSION_TIMEOUT_S = 20


def _candidates() -> Iterator[Path]:
    if home := os.environ.get("JAVA_HOME"):
        yield Path(home)
    if on_path := shutil.which("java"):
        yield Path(on_path).resolve().parent.parent
    for folder, pattern in _INSTALL_PATTERNS:
        yield from sorted(Path(folder).glob(pattern))


def has_compiler(home: Path) -> bool:
    """Whether this is a JDK: a JRE runs Java and lacks `javac`."""
    return os.access(home / "bin" / "javac", os.X_OK)


def version_of(home: Path) -> int | None:
    """The feature release of the Java in this folder; None if it has none that runs."""
    try:
        result = subprocess.run(
            [str(home / "bin" / "java"), "-version"],
            capture_output=True,
            text=True,
            timeout=_VERSION_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = _VERSION.search(result.stderr)
    return int(match.group(1)) if match else None


@functools.cache
def java_home() -> Path:
    """The first usable JDK; an error names the ones that were found instead."""
    refused: dict[Path, str] = {}
    for home in _candidates():
        if home.resolve() in refused:
            continue
        version = version_of(home)
        if version in SUPPORTED_VERSIONS and has_compiler(home):
            return home
        if version is not None:
            refused[home.resolve()] = f"{version}{'' if has_compiler(home) else ' without javac'}"
    found = ", ".join(f"{what} in {home}" for home, what in refused.items()) or "none"
    raise StartError(f"A JDK 17 or 21 is needed; found {found}: {FIX}.")


def java_executable() -> str:
    return str(java_home() / "bin" / "java")


def java_environment() -> dict[str, str]:
    """The environment for our JVMs: without the variables that add options (such as a debugger's port) to all JVMs."""
    added_options = {"JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS", "CLASSPATH"}
    kept = {name: value for name, value in os.environ.items() if name not in added_options}
    return {**kept, "JAVA_HOME": str(java_home())}
