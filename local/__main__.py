"""`python -m local up|down|status|logs|psql|topics|env`: the stack in the background; `demo`: the whole pipeline.

Exit codes: 0 done; 1 something failed (a sentence on standard error says what); 2 the command line or a variable is
wrong.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from contracts.settings import SettingsError
from local import commands, demo, supervisor
from local.errors import StartError
from local.paths import state_dir
from local.settings import LocalSettings

EXIT_FAILED, EXIT_USAGE = 1, 2


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"expected a number of seconds above 0, found {text}")
    return seconds


_seconds.__name__ = "number of seconds"


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(prog="python -m local", description="Broker, Flink and Postgres on 127.0.0.1.")
    top.add_argument("--data-dir", type=Path, help=f"where all state is kept (default: {state_dir()})")
    verbs = top.add_subparsers(dest="verb", required=True)
    verbs.add_parser("up", help="start the stack in the background")
    verbs.add_parser("down", help="stop it; data stays")
    verbs.add_parser("status", help="show its processes")
    logs = verbs.add_parser("logs", help="follow the logs")
    logs.add_argument("component", nargs="?", help="a word of the name, such as broker")
    psql = verbs.add_parser("psql", help="open psql; arguments after -- go to it")
    psql.add_argument("arguments", nargs="*")
    verbs.add_parser("topics", help="list the topics")
    verbs.add_parser("env", help="print the variables that point components at it")
    verbs.add_parser("supervise", help="what `up` runs in the background")
    show = verbs.add_parser("demo", help="the whole pipeline, shown live; without --data-dir nothing is kept")
    show.add_argument("--duration", type=_seconds, metavar="S", help="end by itself so long after everything runs")
    show.add_argument("--speed", help="event seconds per second, or max; by default the replay takes half a minute")
    return top


def main(arguments: list[str] | None = None) -> int:
    """Runs one verb; returns the exit code."""
    options = parser().parse_args(arguments)
    try:
        data_dir = (options.data_dir or state_dir()).resolve()
        ports = LocalSettings.load().ports()
        match options.verb:
            case "up":
                return commands.up(data_dir, ports)
            case "down":
                return commands.down(data_dir)
            case "status":
                return commands.status(data_dir)
            case "logs":
                return commands.logs(data_dir, options.component)
            case "psql":
                return commands.psql(data_dir, options.arguments)
            case "topics":
                return commands.topics(data_dir)
            case "env":
                return commands.env(data_dir)
            case "demo":
                return demo.run(options.data_dir, ports, duration_s=options.duration, speed=options.speed)
            case _:
                return supervisor.run(data_dir, ports)
    except SettingsError as error:
        print(f"error: {error}", file=sys.stderr)
        return EXIT_USAGE
    except (StartError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return EXIT_FAILED


if __name__ == "__main__":
    sys.exit(main())
