"""What `python -m local up` left running: the supervisor, its children and the ports, in one JSON file."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path

from local.ports import Ports
from local.processes import ProcessRecord


@dataclass(frozen=True)
class StateFile:
    """Written whole, by rename, so that no reader sees half of it."""

    supervisor: ProcessRecord
    children: list[ProcessRecord]
    ports: Ports
    ready: bool

    @staticmethod
    def path(data_dir: Path) -> Path:
        return data_dir / "stack.json"

    def write(self, data_dir: Path) -> None:
        partial = self.path(data_dir).with_suffix(".partial")
        partial.write_text(json.dumps(dataclasses.asdict(self), indent=2) + "\n")
        partial.replace(self.path(data_dir))

    @classmethod
    def read(cls, data_dir: Path) -> StateFile | None:
        try:
            found = json.loads(cls.path(data_dir).read_text())
        except FileNotFoundError:
            return None
        return cls(
            ProcessRecord(**found["supervisor"]),
            [ProcessRecord(**child) for child in found["children"]],
            Ports(**found["ports"]),
            found["ready"],
        )
