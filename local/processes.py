"""Which process a recorded pid still is: a pid alone may have been given to a stranger since."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from local.child import POLL_INTERVAL_S

# Field 22 of /proc/<pid>/stat; the fields are counted after the program's name, which may hold spaces.
_START_TIME_AFTER_NAME = 19
_STATE_AFTER_NAME = 0


def started_at(pid: int) -> str | None:
    """A text that no other process with this pid has; None when there is no such process, or only its remains."""
    stat = Path(f"/proc/{pid}/stat")
    if Path("/proc/self/stat").exists():
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return None
        return None if fields[_STATE_AFTER_NAME] == "Z" else fields[_START_TIME_AFTER_NAME]
    # macOS has no /proc; its ps is accurate to a second.
    shown = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return shown.strip() or None


@dataclass(frozen=True)
class ProcessRecord:
    """A process as it is written to a state file."""

    name: str
    pid: int
    started: str
    log: str

    @classmethod
    def of(cls, name: str, pid: int, log: Path) -> ProcessRecord:
        return cls(name, pid, started_at(pid) or "gone", str(log))

    def is_running(self) -> bool:
        return started_at(self.pid) == self.started

    def signal(self, number: signal.Signals) -> None:
        """Only to the very process that was recorded."""
        if self.is_running():
            os.kill(self.pid, number)

    def wait_gone(self, timeout_s: float) -> bool:
        deadline = time.monotonic() + timeout_s
        while self.is_running():
            if time.monotonic() > deadline:
                return False
            time.sleep(POLL_INTERVAL_S)
        return True
