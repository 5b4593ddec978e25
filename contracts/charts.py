"""Writes `charts/kafka/files/catalogue.yaml`: topics and rights, with the two settings that name topics left open.

Helm cannot run Python, so the catalogue reaches it as a file; `<prefix>` and `<observations>` in it are replaced by the
chart's values, which is all that a Catalogue does with its settings.
"""

import json
from pathlib import Path

from contracts.access import rules
from contracts.kafka import APPEND_TIME
from contracts.topics import Catalogue

TARGET = Path(__file__).parent.parent / "charts" / "kafka" / "files" / "catalogue.yaml"

PREFIX, OBSERVATIONS = "<prefix>", "<observations>"


def catalogue() -> str:
    """The file; one line a topic and a rule, each of which is YAML as well as JSON."""
    open_names = Catalogue(PREFIX, OBSERVATIONS)
    lines = ["# Generated from contracts/topics.py and contracts/access.py by `make generate`.", "topics:"]
    for topic in open_names.all():
        config = {**topic.config(), **APPEND_TIME}
        lines.append("  - " + json.dumps({"name": topic.name, "partitions": topic.partitions, "config": config}))
    lines.append("users:")
    for user, allowed in rules(open_names).items():
        lines.append(f"  {user}:")
        lines += ["    - " + json.dumps(rule) for rule in allowed]
    return "\n".join(lines) + "\n"
