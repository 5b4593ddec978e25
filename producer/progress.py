"""One line about how far a command has come: rewritten in place on a terminal, now and then in a log file."""

import sys
import time
from collections.abc import Callable
from datetime import datetime
from typing import TextIO

TERMINAL_EVERY_S = 0.5
LOG_EVERY_S = 10.0  # a container's log needs a sign of life, not a film


class Progress:
    """Rate since the last line, records sent, and the position in event time."""

    def __init__(self, name: str, out: TextIO | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._name, self._out, self._clock = name, out or sys.stderr, clock
        self._terminal = self._out.isatty()
        self._every_s = TERMINAL_EVERY_S if self._terminal else LOG_EVERY_S
        self._last_at, self._last_sent = clock(), 0
        self.sent = 0

    def step(self, position: datetime, count: int = 1) -> None:
        """Counts records that end at an event time; prints if it is time."""
        self.sent += count
        now = self._clock()
        elapsed = now - self._last_at
        if elapsed < self._every_s:
            return
        rate = (self.sent - self._last_sent) / elapsed
        line = f"{self._name}: {self.sent:,} sent, {rate:,.0f}/s, at {position:%Y-%m-%d %H:%MZ}"
        self._out.write(f"\r{line:<78}" if self._terminal else f"{line}\n")
        self._out.flush()
        self._last_at, self._last_sent = now, self.sent

    def say(self, line: str) -> None:
        """Prints a line of its own, below the progress line."""
        self._out.write(f"\n{line}\n" if self._terminal and self.sent else f"{line}\n")
        self._out.flush()
