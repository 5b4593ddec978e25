"""`python -m tests.bench [--quick] [--only CASE …]`: measures, prints the table, writes build/bench.json."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from local.flink import Flink
from local.ports import Ports
from local.stack import Stack
from tests.bench import machine, report
from tests.bench.cases import bare_window, latency, replay, sink, weather_job
from tests.bench.context import FULL, QUICK, Bench
from tests.bench.report import Figure

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
    for name in chosen.only:
        # A stack per case: no figure depends on what ran before it, and the machine is as quiet as at the first.
        with tempfile.TemporaryDirectory(prefix="isobar-bench-", ignore_cleanup_errors=True) as data_dir:
            ports = Ports.free()
            flink = Flink(Path(data_dir) / "flink", ports.flink_rest, ports.flink_rpc, slots=2)
            with Stack(Path(data_dir), ports, flink=flink) as stack:
                found = CASES[name](Bench.on(stack, QUICK if chosen.quick else FULL, console))
        figures += found
        report.show(found, console)
        # After every case: what was measured stays even if a later case fails.
        report.write(chosen.output, header, figures)
    if len(chosen.only) > 1:
        report.show(figures, console)
    if chosen.quick:
        console.print("quick: too few records for the figures to mean anything")
    console.print(f"written to {chosen.output}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
