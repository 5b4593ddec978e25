"""`python -m sinks postgres|console`: reads topics and writes them to a target until SIGTERM or Ctrl+C."""

import argparse
import logging
import signal
import sys
from collections.abc import Callable, Mapping
from types import FrameType

from confluent_kafka import KafkaException

from contracts import metrics as exposition
from contracts.kafka import confluent_consumer
from contracts.settings import KafkaSettings, SettingsError, TopicSettings
from sinks.assignment import on_commit
from sinks.dead_letters import DeadLetters
from sinks.intake import Intake
from sinks.metrics import Metrics, Times
from sinks.migrations import MigrationError
from sinks.routes import TABLES, Route, routes
from sinks.runner import Runner
from sinks.settings import SinkSettings
from sinks.target import Target, TargetBrokenError, TargetUnavailableError
from sinks.targets.console import ConsoleTarget
from sinks.targets.postgres import PostgresTarget

log = logging.getLogger("sinks")

QUEUED_KBYTES = 65_536
"""What the client may read ahead, all partitions together: six times a full batch, and a bound on memory."""

FETCH_WAIT_MS = 100
"""How long a broker holds an empty fetch: the end of a partition is noticed this late, its records at once."""

TARGETS: Mapping[str, Callable[[SinkSettings, str, Mapping[str, Route]], Target]] = {
    "postgres": lambda settings, group, ways: PostgresTarget(settings.dsn(), group, ways),
    "console": lambda settings, group, ways: ConsoleTarget(),
}


def build(
    target_name: str,
    topic_names: list[str],
    settings: SinkSettings,
    kafka: KafkaSettings,
    topics: TopicSettings,
    target: Target | None = None,
) -> tuple[Runner, list[str]]:
    """A runner and the topics it is to read; `target` in place of the named one is for tests."""
    ways = routes(topics.catalogue(), topic_names)
    component, group = f"sink-{target_name}", settings.group(target_name)
    target = target or TARGETS[target_name](settings, group, ways)
    consumer = confluent_consumer(
        kafka,
        group,
        component,
        **{
            "enable.partition.eof": True,
            "session.timeout.ms": settings.session_timeout_ms,
            "heartbeat.interval.ms": settings.session_timeout_ms // 3,
            "queued.max.messages.kbytes": QUEUED_KBYTES,
            "fetch.wait.max.ms": FETCH_WAIT_MS,
            "on_commit": on_commit,
        },
    )
    figures = Metrics()
    runner = Runner(settings, consumer, target, Intake(ways), DeadLetters(kafka, component, ways), figures)
    figures.registry.register(Times(runner.assignment.states, lambda: runner.last_turn_ms))
    return runner, list(ways)


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m sinks", description=__doc__)
    parser.add_argument("target", choices=sorted(TARGETS))
    parser.add_argument(
        "--topics", nargs="+", choices=list(TABLES), default=list(TABLES), help="which topics to read (default: all)"
    )
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    """Exit code 0 after SIGTERM or Ctrl+C, 1 after an error that a sentence explains, 2 for wrong settings."""
    options = parse(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    try:
        settings = SinkSettings.load()
        runner, topics = build(options.target, options.topics, settings, KafkaSettings.load(), TopicSettings.load())
    except SettingsError as error:
        log.error("%s", error)
        return 2

    def stop(signum: int, _: FrameType | None) -> None:
        log.info("%s: finishing the batch in hand", signal.Signals(signum).name)
        runner.stop()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    try:
        if settings.metrics_port:
            exposition.serve(settings.metrics_port, f"sink-{options.target}", settings.metrics_host)
        runner.run(topics)
    except (TargetUnavailableError, TargetBrokenError, MigrationError, KafkaException, OSError) as error:
        log.error("%s", error)
        return 1
    log.info("stopped")
    return 0


if __name__ == "__main__":
    sys.exit(main())
