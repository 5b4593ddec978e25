"""`python -m tests.bench [--quick] [--only CASE …]`: measures, prints the table, writes build/bench.json."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from local.errors import StartError
from local.flink import Flink
from local.ports import Ports
from local.stack import Stack
from tests.bench import machine, report
from tests.bench.cases import bare_window, latency, replay, sink, weather_job
from tests.bench.context import FULL, PARALLELISM, QUICK, Bench, Scale
from tests.bench.report import Figure
from tests.bench.topics import BenchError

OUTPUT = Path("build") / "bench.json"
_WIDTH_WITHOUT_TERMINAL = 160
CASES: dict[str, Callable[[Bench], list[Figure]]] = {
    replay.NAME: replay.run,
    bare_window.NAME: bare_window.run,
    weather_job.NAME: weather_job.run,
    sink.NAME: sink.run,
    latency.NAME: latency.run,
}


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few records: shows that every case runs, not how fast")
    parser.add_argument("--only", nargs="+", choices=list(CASES), default=list(CASES), metavar="CASE")
    parser.add_argument("--output", type=Path, default=OUTPUT)
    chosen = parser.parse_args(arguments)
    # In a file or a CI log there is no width to respect, and a table cut to 80 columns says nothing.
    console = Console(width=None if sys.stdout.isatty() else _WIDTH_WITHOUT_TERMINAL)
    header = machine.header(arguments)
    for name, text in header.items():
        console.print(f"[bold]{name:>12}[/bold]  {text}", highlight=False)
    figures: list[Figure] = []
    failed: list[str] = []
    for name in chosen.only:
        try:
            found = _measure(name, QUICK if chosen.quick else FULL, console)
        except (BenchError, StartError) as error:
            # The other cases still have something to say; the exit code tells that one has not.
            console.print(f"[red]{name} could not be measured:[/red] {escape(str(error))}")
            failed.append(name)
            continue
        figures += found
        report.show(found, console)
        # After every case: what was measured stays even if the next one is interrupted.
        report.write(chosen.output, header, figures)
    if len(chosen.only) > 1 and figures:
        report.show(figures, console)
    if chosen.quick:
        console.print("quick: too few records for the figures to mean anything")
    if figures:
        console.print(f"written to {chosen.output}")
    return 1 if failed else 0


def _measure(name: str, scale: Scale, console: Console) -> list[Figure]:
    """One case on a stack of its own: no figure depends on what ran before it."""
    with tempfile.TemporaryDirectory(prefix="isobar-bench-", ignore_cleanup_errors=True) as data_dir:
        ports = Ports.free()
        flink = Flink(Path(data_dir) / "flink", ports.flink_rest, ports.flink_rpc, slots=PARALLELISM)
        with Stack(Path(data_dir), ports, flink=flink) as stack:
            return CASES[name](Bench.on(stack, scale, console))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
