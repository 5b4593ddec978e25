"""The product's own processes, started as an installation starts them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from local.child import Child
from local.errors import failure
from local.paths import REPOSITORY
from tests.bench.context import Bench


def start(bench: Bench, name: str, arguments: list[str], env: Mapping[str, str]) -> Child:
    """`python -m <arguments>` with its log in the stack's data directory."""
    log_path = bench.stack.data_dir / f"{name}.log"
    child = Child(name, [sys.executable, "-m", *arguments], log_path, env={**_inherited(), **env}, cwd=REPOSITORY)
    child.start()
    return child


@contextmanager
def sink(bench: Bench, prefix: str) -> Iterator[Child]:
    """`python -m sinks postgres` for as long as the block runs."""
    child = start(bench, "sink", ["sinks", "postgres"], bench.environment(prefix, ISOBAR_SINKS_METRICS_PORT=0))
    try:
        yield child
    finally:
        child.stop()


def replay(bench: Bench, prefix: str, *, rate: int, count: int) -> None:
    """`python -m producer replay` at a rate, until it has sent `count` records.

    Raises:
        StartError: it ended with an error; the text has the end of its log.
    """
    # As many stations as records a second: each second is one hour, and every station reports once in it.
    options = ["--rate", str(rate), "--stations", str(rate), "--limit", str(count), "--offline"]
    env = bench.environment(prefix, ISOBAR_PRODUCER_METRICS_PORT=0)
    child = start(bench, "producer", ["producer", "replay", *options], env)
    try:
        code = child.wait(timeout_s=count / rate + 60)
        if code != 0:
            raise failure(f"the replay ended with exit code {code}.", child.log_path)
    finally:
        child.stop()


def _inherited() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("ISOBAR_")}
