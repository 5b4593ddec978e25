"""The part of requirements.lock that one image needs, hashes and all.

The lock says by its `via` notes who asked for what, so the requirements of an extra are found in it alone: no index is
asked, no resolver runs, and what an image holds changes only when the lock does.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable

from local.paths import REPOSITORY
from scripts.images.errors import ImageError

LOCK = REPOSITORY / "requirements.lock"
PYPROJECT = REPOSITORY / "pyproject.toml"

_PIN = re.compile(r"([a-z0-9][a-z0-9._-]*)(?:\[[a-z0-9,-]+\])?==")
_VIA = re.compile(r"^ +# +(?:via )?([a-z0-9][a-z0-9._-]*)$", re.MULTILINE)


def roots(extra: str) -> set[str]:
    """The distributions that pyproject.toml names for every deployable and for this extra."""
    project = tomllib.loads(PYPROJECT.read_text("utf-8"))["project"]
    requirements = [*project["dependencies"], *project["optional-dependencies"][extra]]
    return {re.split(r"[\[=<>~! ;]", requirement)[0].lower().replace("_", "-") for requirement in requirements}


def subset(wanted: Iterable[str], without: frozenset[str] = frozenset(), lock: str | None = None) -> str:
    """The lock's entries for these distributions and for what they need, except what only `without` needs."""
    text = LOCK.read_text("utf-8") if lock is None else lock
    entries = {}
    for entry in re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE):
        if match := _PIN.match(entry):
            entries[match[1]] = entry
    if strangers := sorted({*wanted, *without} - entries.keys()):
        raise ImageError(
            f"requirements.lock has no {', '.join(strangers)}: expected an entry for each; "
            "compile the lock again (CONTRIBUTING.md)."
        )
    needed = set(wanted) - without
    while added := {
        name
        for name, entry in entries.items()
        if name not in needed | without and needed.intersection(_VIA.findall(entry))
    }:
        needed |= added
    return "".join(entry for name, entry in entries.items() if name in needed)
