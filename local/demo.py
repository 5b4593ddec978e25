"""`python -m local demo`: start everything, show it, stop it in order, and say what it came to.

With a terminal the figures are drawn in place; without one, as in CI, a line is printed every few seconds. Exit code 0
only if rows arrived in Postgres.
"""

from __future__ import annotations

import contextlib
import http.client
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import FrameType

import psycopg
from rich.console import Console
from rich.live import Live

from local import maven
from local.errors import StartError
from local.figures import ENRICHED, SENT, STORED, Figures, Observer
from local.flink_rest import FlinkRestError
from local.pipeline import Pipeline
from local.ports import Ports
from local.stack import Stack, make_data_dir
from local.summary import summary
from local.view import View
from local.wording import duration

# The figures change once a second, as the job commits; a plain line more often would only scroll.
_LOOK_EVERY_S = 1.0
_PLAIN_LINE_EVERY_S = 5.0
# A JobManager on an overloaded machine may miss an answer or two.
_MOST_LOOKS_FAILED = 5
# Kafka's and Postgres' logs of one demo and Flink's checkpoints stay below half of this.
_DISK_NEEDED_MB = 1_000


def run(data_dir: Path | None, ports: Ports, *, duration_s: float | None, speed: str | None) -> int:
    """Returns the exit code; 130 is Ctrl+C before everything ran, as shells have it."""
    console = Console()
    signal.signal(signal.SIGTERM, _interrupt)
    with _folder(data_dir) as folder:
        _check_disk(folder)
        with ThreadPoolExecutor() as fetchers:
            list(fetchers.map(maven.fetch, maven.JAR_SETS))
        pipeline = Pipeline(Stack(folder, ports), speed=speed, keep=data_dir is not None)
        return _Demo(pipeline, console, duration_s).run()


class _Demo:
    def __init__(self, pipeline: Pipeline, console: Console, duration_s: float | None) -> None:
        self._pipeline = pipeline
        self._console = console
        self._duration_s = duration_s
        self._began_s = time.monotonic()
        self._first_row_s: float | None = None
        self._last: Figures | None = None
        self._looks_failed = 0

    def run(self) -> int:
        failure: StartError | OSError | None = None
        interrupted = False
        try:
            self._start()
            self._watch()
        except KeyboardInterrupt:
            interrupted = True
        except (StartError, OSError) as error:
            failure = error
        # From here a second Ctrl+C would only leave half of it running.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        self._console.print("stopping: replay, sink, job, Flink, Postgres, broker", style="dim")
        self._pipeline.stop()
        if self._last:
            self._console.print(summary(self._last, self._pipeline.steps_s, self._first_row_s, self._duration_s))
        if failure:
            raise failure
        if interrupted and self._last is None:
            return 130
        if self._last is None or self._last.rows_total == 0:
            raise StartError(
                "Nothing arrived in Postgres. Look at sink.log, replay.log and flink/*.log: run again with "
                "DATA_DIR=<dir> to keep them."
            )
        return 0

    def _start(self) -> None:
        self._console.print(f"starting broker, Flink and Postgres in {self._pipeline.stack.data_dir}", style="dim")
        starting = threading.Thread(target=self._print_steps, daemon=True)
        starting.start()
        self._pipeline.start()
        starting.join()
        self._console.print(f"replaying {self._pipeline.data_note}", style="dim")

    def _print_steps(self) -> None:
        """Each step as it is done, so that a slow start is seen to be one."""
        printed: set[str] = set()
        while "job running" not in printed:
            for step, seconds in list(self._pipeline.steps_s.items()):
                if step not in printed:
                    self._console.print(f"  {seconds:5.1f} s  {step}", style="dim", highlight=False)
                    printed.add(step)
            time.sleep(0.1)

    def _watch(self) -> None:
        observer = Observer(self._pipeline)
        observer.start()
        view = View(self._pipeline, "Isobar: replay → Kafka → Flink → Kafka → Postgres")
        ends_s = None if self._duration_s is None else time.monotonic() + self._duration_s
        try:
            with self._screen(view):
                while ends_s is None or time.monotonic() < ends_s:
                    self._pipeline.check()
                    if (figures := self._look(observer)) is None:
                        continue
                    self._last = view.figures = figures
                    if self._first_row_s is None and self._last.rows_total:
                        self._first_row_s = time.monotonic() - self._began_s
                        self._pipeline.steps_s["first row in Postgres"] = self._first_row_s
                    if not self._console.is_terminal:
                        self._print_line(self._last)
                    time.sleep(_LOOK_EVERY_S)
        finally:
            observer.close()

    def _look(self, observer: Observer) -> Figures | None:
        """None if a component did not answer in time; what has died is told as such, not as a refused connection."""
        try:
            figures = observer.look()
        except (OSError, http.client.HTTPException, psycopg.OperationalError, FlinkRestError):
            self._pipeline.check()
            self._looks_failed += 1
            if self._looks_failed >= _MOST_LOOKS_FAILED:
                raise
            time.sleep(_LOOK_EVERY_S)
            return None
        self._looks_failed = 0
        return figures

    def _screen(self, view: View) -> contextlib.AbstractContextManager[object]:
        if not self._console.is_terminal:
            self._next_line_s = 0.0
            return contextlib.nullcontext()
        return Live(view, console=self._console, screen=True, refresh_per_second=4)

    def _print_line(self, figures: Figures) -> None:
        if figures.at_s < self._next_line_s:
            return
        self._next_line_s = figures.at_s + _PLAIN_LINE_EVERY_S
        sent, enriched, stored = (figures.stage(name) for name in (SENT, ENRICHED, STORED))
        self._console.print(
            f"{figures.at_s:4.0f} s  sent {sent.records:,} ({sent.per_second:,.0f}/s)  "
            f"enriched {enriched.records:,} (lag {duration(enriched.lag_s)})  "
            f"rows {stored.records:,} (lag {duration(stored.lag_s)}, freshness {duration(stored.freshness_s)})  "
            f"anomalies {figures.anomalies_found:,}",
            highlight=False,
            soft_wrap=True,
        )


@contextlib.contextmanager
def _folder(data_dir: Path | None) -> Iterator[Path]:
    """The given directory, kept; or one of its own, removed at the end."""
    if data_dir is not None:
        folder = data_dir.resolve()
        make_data_dir(folder)
        yield folder
        return
    folder = Path(tempfile.mkdtemp(prefix="isobar-demo-"))
    try:
        make_data_dir(folder)
        yield folder
    finally:
        shutil.rmtree(folder)


def _check_disk(folder: Path) -> None:
    free_mb = shutil.disk_usage(folder).free // 1_000_000
    if free_mb < _DISK_NEEDED_MB:
        raise StartError(
            f"The disk that holds {folder} has {free_mb} MB left and the demo needs {_DISK_NEEDED_MB} MB: free some "
            "space, or name a directory on another disk with DATA_DIR=<dir>."
        )


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    """SIGTERM ends the demo as Ctrl+C does."""
    raise KeyboardInterrupt
