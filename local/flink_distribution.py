"""Where the Flink distribution is: inside the PyFlink wheel."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from local.errors import StartError


def flink_home() -> Path:
    """The wheel's folder, found without importing it: the import takes two seconds and needs nothing of ours."""
    spec = importlib.util.find_spec("pyflink")
    if spec is None or spec.origin is None:
        raise StartError("PyFlink is not installed in this environment: run `make venv`.")
    return Path(spec.origin).parent
