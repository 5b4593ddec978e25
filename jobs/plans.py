"""Compiled plans, kept in `jobs/plans/`: what makes a job's state outlive a change of its settings.

SQL has no operator ids of its own; a compiled plan has, and they stay while the query stays. The plan of a job names
tables by identifier only, so where they are, their guarantee, and the parallelism are free to change. A plan also keeps
a fingerprint of the query it was compiled from: a job whose query was changed (or whose settings reach into the query)
compiles in memory instead, and a test says when the stored plan is out of date. A changed query starts from a replay
beside the old job.
"""

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jobs.runtime import Job

DIRECTORY = Path(__file__).parent / "plans"


def fingerprint(job: "Job") -> str:
    """SHA-256 of everything the planner sees of a job but the places of its tables."""
    seen = [
        *(f"{table.name} ({table.columns})" for table in job.tables),
        *(f"{view.name}: {view.query}" for view in job.views),
    ]
    seen += job.inserts
    seen += [f"{name}={value}" for name, value in sorted(job.configuration.items())]
    return hashlib.sha256("\n".join(seen).encode()).hexdigest()


def path(job: "Job", directory: Path = DIRECTORY) -> Path:
    """Where the plan of a job is kept."""
    return directory / f"{job.name}.json"


def stored(job: "Job", directory: Path = DIRECTORY) -> str | None:
    """The stored plan of exactly this query, or None."""
    file = path(job, directory)
    if not file.exists():
        return None
    content = json.loads(file.read_text("utf-8"))
    return json.dumps(content["plan"]) if content["fingerprint"] == fingerprint(job) else None


def store(job: "Job", plan: str, directory: Path = DIRECTORY) -> Path:
    """Keeps a compiled plan with the fingerprint of its query."""
    file = path(job, directory)
    file.parent.mkdir(parents=True, exist_ok=True)
    parts = json.loads(plan)
    nodes = ",\n".join(json.dumps(node, separators=(",", ":")) for node in parts.pop("nodes"))  # a line each, for diffs
    rest = json.dumps(parts, separators=(",", ":")).removeprefix("{")
    file.write_text(f'{{"fingerprint":"{fingerprint(job)}","plan":{{"nodes":[\n{nodes}\n],{rest}}}\n', "utf-8")
    return file
