"""What goes wrong when a process is started here, told as a cause, a fix and the end of the log."""

from __future__ import annotations

import re
from pathlib import Path

# Enough of a log to hold one Java stack trace's cause, short enough to read in a terminal.
LOG_TAIL_LINES = 15
# A log may be hundreds of megabytes: the end is read by seeking, never the whole file.
LOG_TAIL_BYTES = 64 * 1024

# Also as a logger passes them on, behind its own time and name.
_STACK_FRAME = re.compile(r"(.* - )?\s+(at |\.\.\. \d+ more)")

# What programs write when a write fails for want of space; each is a plain sentence for the same cause.
_DISK_FULL_MARKS = ("No space left on device", "Disk quota exceeded")


class StartError(RuntimeError):
    """A component did not start, or died. The text says why, what to do, and ends with the end of its log."""


def log_tail(path: Path, lines: int = LOG_TAIL_LINES) -> str:
    """The last lines of a log file without Java's stack frames, which would hide the causes; empty if there is none."""
    try:
        with path.open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - LOG_TAIL_BYTES))
            text = file.read().decode("utf-8", errors="replace")
    except FileNotFoundError:
        return ""
    telling = [line for line in text.splitlines() if not _STACK_FRAME.match(line)]
    return "\n".join(telling[-lines:])


def failure(sentence: str, log_path: Path) -> StartError:
    """An error with the log's end; a full disk, which each program words in its own way, is named first."""
    tail = log_tail(log_path)
    if any(mark in tail for mark in _DISK_FULL_MARKS):
        sentence = f"The disk that holds {log_path.parent} is full: free some space and start again. {sentence}"
    if not tail:
        return StartError(f"{sentence} Its log {log_path} is empty.")
    indented = "\n".join(f"  | {line}" for line in tail.splitlines())
    return StartError(f"{sentence} The end of {log_path}:\n{indented}")
