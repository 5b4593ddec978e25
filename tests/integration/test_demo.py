"""`make demo` as a user meets it: it flows, listens on loopback only, stops in order, and goes on where it stopped."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Self

import psycopg
import pytest
from confluent_kafka import OFFSET_BEGINNING, TopicPartition

from contracts.kafka import confluent_consumer
from contracts.topics import Catalogue, Topic
from local.broker import Broker
from local.paths import REPOSITORY
from local.ports import HOST, Ports
from local.postgres import Postgres
from local.processes import started_at
from tests.integration.sockets import descendants, listening_sockets

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]

PATIENCE_S = 300.0
OBSERVATIONS = 26_115
# The wind of 1048 mph on 2013-02-12 is refused.
REFUSED = 1
ACCEPTED = OBSERVATIONS - REFUSED


@pytest.fixture
def data_dir() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="isobar-test-"))
    yield folder
    shutil.rmtree(folder)


class Demo:
    """A demo in a process of its own, without a terminal, its lines in a file."""

    def __init__(self, data_dir: Path, ports: Ports, *words: str) -> None:
        self.output = data_dir / "demo.txt"
        variables = {f"ISOBAR_LOCAL_{name}_PORT".upper(): str(port) for name, port in asdict(ports).items()}
        with self.output.open("w") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "local", "--data-dir", str(data_dir / "state"), "demo", *words],
                cwd=REPOSITORY,
                env={**os.environ, **variables, "COLUMNS": "120"},
                stdout=file,
                stderr=subprocess.STDOUT,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Whatever happened: nothing of it runs on into the next test."""
        below = descendants(self.process.pid)
        self.process.kill()
        self.process.wait()
        deadline = time.monotonic() + PATIENCE_S
        while any(started_at(pid) for pid in below) and time.monotonic() < deadline:
            time.sleep(0.2)

    def wait_for(self, pattern: str) -> str:
        deadline = time.monotonic() + PATIENCE_S
        while not (found := re.search(pattern, text := self.output.read_text())):
            assert self.process.poll() is None, text
            assert time.monotonic() < deadline, text
            time.sleep(0.2)
        return found.group()

    def interrupt(self) -> str:
        self.process.send_signal(signal.SIGINT)
        return self.wait()

    def wait(self) -> str:
        assert self.process.wait(PATIENCE_S) == 0, self.output.read_text()
        return self.output.read_text()


def _identities(broker: Broker, topic: Topic) -> Counter[tuple[str, str]]:
    consumer = confluent_consumer(broker.client_settings, "test", "test", enable_partition_eof=True)
    consumer.assign([TopicPartition(topic.name, partition, OFFSET_BEGINNING) for partition in range(topic.partitions)])
    found: Counter[tuple[str, str]] = Counter()
    ended = 0
    while ended < topic.partitions:
        for message in consumer.consume(1000, 1.0):
            if message.error():
                ended += 1
                continue
            record = json.loads(message.value() or b"")
            found[record["station_id"], record["observed_at"]] += 1
    consumer.close()
    return found


def test_a_demo_flows_stops_and_goes_on_without_loss_or_repetition(data_dir: Path) -> None:
    ports = Ports.free()
    # Slow enough that a busy machine has a replay to interrupt.
    with Demo(data_dir, ports, "--speed", "200000") as first:
        first.wait_for(r"enriched [1-9]")
        below = descendants(first.process.pid)
        addresses = {(pid, address) for pid in below for address in listening_sockets(pid).values()}
        listened = {port for pid in below for port in listening_sockets(pid)}
        text = first.interrupt()

    assert {address for _, address in addresses} == {HOST}
    assert set(asdict(ports).values()) <= listened
    assert [pid for pid in below if Path(f"/proc/{pid}").exists()] == []
    assert "stopping: replay, sink, job, Flink, Postgres, broker" in text
    assert not json.loads((data_dir / "state" / "replay.json").read_text())["finished"]

    with Demo(data_dir, ports) as second:
        second.wait_for(rf"enriched {ACCEPTED:,} \(lag 0.0 s\)  rows [0-9,]+ \(lag 0.0 s")
        text = second.interrupt()

    assert re.search(rf"weather_enriched +{ACCEPTED:,}\n", text), text
    assert json.loads((data_dir / "state" / "replay.json").read_text())["finished"]
    broker = Broker(data_dir / "state" / "kafka", ports.broker, ports.controller)
    postgres = Postgres(data_dir / "state" / "postgres", ports.postgres)
    broker.start()
    postgres.start()
    try:
        broker.wait_ready()
        postgres.wait_ready()
        topics = Catalogue()
        refusals = next(topic for topic in topics.all() if topic.name == topics.observations.dead_letters)
        sent, enriched, refused = (
            _identities(broker, topic) for topic in (topics.observations, topics.enriched, refusals)
        )
        with psycopg.connect(postgres.dsn) as connection:
            rows = connection.execute("SELECT count(*) FROM weather_enriched").fetchone()
    finally:
        postgres.stop()
        broker.stop()
    assert len(sent) == OBSERVATIONS
    assert set(enriched.values()) == {1}, "repeated"
    assert set(enriched) == set(sent) - set(refused), "lost"
    assert len(refused) == REFUSED
    assert rows == (ACCEPTED,)


def test_a_demo_that_cannot_start_says_why_and_leaves_nothing(data_dir: Path) -> None:
    ports = Ports.free()
    postgres = data_dir / "state" / "postgres"
    postgres.parent.mkdir()
    postgres.write_text("a file where a directory belongs")
    with Demo(data_dir, ports, "--duration", "5") as demo:
        assert demo.process.wait(PATIENCE_S) == 1
    assert re.search(r"^error: .*postgres", demo.output.read_text(), re.MULTILINE), demo.output.read_text()
    assert descendants(demo.process.pid) == {}
