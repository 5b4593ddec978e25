"""Which saved state a job goes on from: the newest whole checkpoint or savepoint under its directory."""

from __future__ import annotations

from pathlib import Path

# Flink writes this file last, by rename: where it is, the checkpoint is whole.
_METADATA = "_metadata"


def newest_state(job_dir: Path) -> Path | None:
    """The directory of the newest state under job_dir (<run>/chk-<n> or savepoints/<name>); None on a first start."""
    whole = list(job_dir.glob(f"*/*/{_METADATA}"))
    if not whole:
        return None
    return max(whole, key=lambda path: path.stat().st_mtime_ns).parent
