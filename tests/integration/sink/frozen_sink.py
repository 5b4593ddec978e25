"""A sink that freezes itself (SIGSTOP) with a batch in hand, right before writing, as a paused machine would be.

`--unfenced` turns the fencing off, which nothing but a test can: the tests of the tests need a sink that does the harm.
"""

import argparse
import logging
import os
import signal

from contracts.settings import KafkaSettings, TopicSettings
from sinks.__main__ import build
from sinks.batch import Batch
from sinks.routes import routes
from sinks.settings import SinkSettings
from sinks.targets.postgres import PostgresTarget


class FrozenTarget(PostgresTarget):
    """Counts its writes and stops the whole process before one of them."""

    writes_left = 3

    def write(self, batch: Batch) -> int:
        FrozenTarget.writes_left -= 1
        if FrozenTarget.writes_left == 0:
            os.kill(os.getpid(), signal.SIGSTOP)
        return super().write(batch)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--unfenced", action="store_true")
    FrozenTarget.fencing = not parser.parse_args().unfenced
    logging.basicConfig(level=logging.INFO)
    settings, topics = SinkSettings.load(), TopicSettings.load()
    ways = routes(topics.catalogue(), ["enriched"])
    target = FrozenTarget(settings.dsn(), settings.group("postgres"), ways)
    runner, names = build("postgres", ["enriched"], settings, KafkaSettings.load(), topics, target)
    signal.signal(signal.SIGTERM, lambda *_: runner.stop())
    runner.run(names)


if __name__ == "__main__":
    main()
