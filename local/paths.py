"""Where the stack keeps things: the cache of downloaded jars, and the state of `python -m local up`."""

from __future__ import annotations

import os
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent


def cache_dir() -> Path:
    """Downloads, shared by all clones of this user: $XDG_CACHE_HOME/isobar."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "isobar"


def state_dir() -> Path:
    """The data directory when none is named: $XDG_STATE_HOME/isobar, or /var/lib/isobar for root.

    Root's home is closed to the unprivileged user that Postgres runs as then.
    """
    if os.geteuid() == 0:
        return Path("/var/lib/isobar")
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "isobar"
