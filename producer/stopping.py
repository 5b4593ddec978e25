"""SIGTERM and Ctrl+C: a request to finish, not an exception in the middle of a step.

The handler only sets an event that every loop waits on instead of sleeping. A clean stop is a success: exit code 0 for
both signals, and the last line says which it was. A second Ctrl+C ends the process at once.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Protocol, Self


class Waiter(Protocol):
    """What a loop waits on instead of sleeping; true when it should end."""

    def __bool__(self) -> bool: ...

    def wait(self, seconds: float) -> bool:
        """Sleeps; True when asked to stop."""
        ...


class Stop:
    """Whether, and by what, the process was asked to stop."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self.by: str | None = None

    @contextmanager
    def listening(self) -> Iterator[Self]:
        """Takes SIGTERM and SIGINT while it lasts; only the main thread may."""
        before = {number: signal.signal(number, self._on_signal) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield self
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        self.by = "SIGTERM" if number == signal.SIGTERM else "Ctrl+C"
        self._event.set()
        signal.signal(number, signal.SIG_DFL)

    def __bool__(self) -> bool:
        return self._event.is_set()

    def wait(self, seconds: float) -> bool:
        """Sleeps; returns True at once when asked to stop."""
        return self._event.wait(seconds)

    def request(self, by: str) -> None:
        """Asks for the stop from within."""
        self.by = by
        self._event.set()
