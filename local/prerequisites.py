"""`python -m local.prerequisites`: everything that is missing on this machine, all at once, each with its fix.

Uses the standard library alone and old syntax: it runs before there is an environment, perhaps on an older Python.
"""

from __future__ import annotations

import shutil
import sys

from local import maven
from local.errors import StartError
from local.java import java_home

MAVEN_FIX = "install it, e.g. `apt install maven` or `brew install maven`"


def missing() -> list[str]:
    """One line for each thing that is needed and not there."""
    lines = []
    try:
        java_home()
    except StartError as error:
        lines.append(str(error))
    uncached = [name for name in maven.JAR_SETS if not maven.is_cached(name)]
    if uncached and shutil.which("mvn") is None:
        lines.append(f"Maven (mvn) is needed once, to fetch the {' and '.join(uncached)} jars: {MAVEN_FIX}.")
    return lines


def main() -> int:
    """1 if something is missing."""
    lines = missing()
    for line in lines:
        print(f"missing: {line}", file=sys.stderr)
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
