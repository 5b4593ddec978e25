"""`python -m producer weather` polls providers; `python -m producer replay` replays a recorded year.

Exit codes: 0 done, also when SIGTERM or Ctrl+C ended it and everything sent was acknowledged; 1 something failed (a
sentence on standard error says what); 2 the command line or an environment variable is wrong.
"""

import argparse
import logging
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

from contracts import metrics as exposition
from contracts.settings import SettingsError, TopicSettings
from producer import replay, weather
from producer.errors import PlacesError, ProducerError
from producer.fetch import DATASETS
from producer.progress import Progress
from producer.redaction import Redactor
from producer.settings import ProducerSettings
from producer.stopping import Stop
from producer.weather import SOURCES

EXIT_FAILED, EXIT_USAGE = 1, 2


def _at_least_one(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number of at least 1, found {text}")
    return number


def _above_zero(text: str) -> float:
    number = float(text)
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"expected a number above 0, found {text}")
    return number


def _speed(text: str) -> float | None:
    return None if text == "max" else _above_zero(text)


def _instant(text: str) -> datetime:
    time = datetime.fromisoformat(text)
    if time.tzinfo is None:
        raise argparse.ArgumentTypeError(f"expected a time with its zone, such as 2026-11-20T09:00:00Z, found {text}")
    return time.astimezone(UTC)


_at_least_one.__name__, _above_zero.__name__, _speed.__name__ = "whole number", "number", "speed (a number or max)"
_instant.__name__ = "time"


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(prog="python -m producer", description="Brings weather observations into Kafka.")
    commands = top.add_subparsers(dest="command", required=True)

    poll = commands.add_parser("weather", help="poll a weather provider")
    poll.add_argument("--source", required=True, choices=sorted(SOURCES))
    poll.add_argument("--places", nargs="+", default=[], metavar="NAME=LAT,LON", help="such as london=51.51,-0.13")
    poll.add_argument("--places-file", type=Path, help="one place a line; # starts a comment")
    poll.add_argument("--once", action="store_true", help="ask for each place once, then end")
    poll.add_argument("--interval-s", type=_at_least_one, help="seconds between two questions about a place")
    poll.add_argument("--record", type=Path, metavar="FILE", help="also write the provider's answers to a cassette")
    poll.add_argument("--cassette", type=Path, metavar="FILE", help="take answers from a cassette, not the network")

    again = commands.add_parser("replay", help="replay a recorded year")
    again.add_argument("--dataset", default="nyc-2013", choices=sorted(DATASETS))
    pace = again.add_mutually_exclusive_group()
    pace.add_argument("--speed", type=_speed, default=None, help="event seconds per second, or max (the default)")
    pace.add_argument("--rate", type=_above_zero, help="records per second")
    again.add_argument(
        "--no-shift",
        action="store_true",
        help=f"keep the times of 2013, in topics of their own (prefix {replay.UNSHIFTED_PREFIX})",
    )
    again.add_argument(
        "--as-of",
        type=_instant,
        metavar="TIME",
        help="shift the last hour to this time (2026-11-20T09:00:00Z): an interrupted replay says the same again",
    )
    again.add_argument("--limit", type=_at_least_one, help="end after so many records")
    again.add_argument("--stations", type=_at_least_one, default=3, help="for load: more than 3 clones the stations")
    again.add_argument("--offline", action="store_true", help="never fetch: the cache, or else the cut in the package")

    for command in (poll, again):
        command.add_argument("--dry-run", action="store_true", help="print records as JSON lines; needs no broker")
    return top


def _log(level: str, redactor: Redactor) -> None:
    handler = logging.StreamHandler()
    handler.addFilter(redactor)
    # Libraries speak up from WARNING on, and say all they have only when everything is asked for.
    root = level if level == "DEBUG" else "WARNING"
    logging.basicConfig(level=root, handlers=[handler], format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("producer").setLevel(level)
    if level != "DEBUG":
        # kafka-python reports every attempt to connect; what matters of it is raised and becomes a sentence of ours.
        logging.getLogger("kafka").setLevel(logging.CRITICAL)


def main(arguments: list[str] | None = None) -> int:
    """Runs one command; returns the exit code."""
    options = parser().parse_args(arguments)
    redactor = Redactor()
    stop, progress = Stop(), Progress(options.command)
    try:
        with stop.listening():
            settings, topics = ProducerSettings.load(), TopicSettings.load()
            _log(settings.log_level, redactor)
            if settings.metrics_port and not options.dry_run:
                exposition.serve(settings.metrics_port, "producer", settings.metrics_host)
            command = weather.command if options.command == "weather" else replay.command
            return command(options, settings, topics, stop, progress, redactor)
    except (SettingsError, PlacesError) as error:
        progress.say(redactor.scrub(f"error: {error}"))
        return EXIT_USAGE
    except BrokenPipeError:  # `--dry-run | head` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (ProducerError, OSError) as error:
        progress.say(redactor.scrub(f"error: {error}"))
        return EXIT_FAILED


if __name__ == "__main__":
    sys.exit(main())
