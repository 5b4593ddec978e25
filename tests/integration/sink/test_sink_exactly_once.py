"""Nothing lost, nothing twice, nothing out of order, whatever happens to sinks and to the database."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.integration.sink.harness import Harness, SinkProcess, enriched, revive, seeded, wait_until
from tests.ledger.checker import Kind

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]

SMALL = {"batch_rows": "200", "batch_ms": "20"}
"""Many transactions, so that whatever happens happens in the middle of some."""


@contextmanager
def flow(harness: Harness, total: int) -> Iterator[None]:
    """Produces in the background while the block runs, and to the end before it is left."""
    failures: list[Exception] = []

    def produce() -> None:
        try:
            for start in range(0, total, 200):
                harness.produce(enriched(number) for number in range(start, start + 200))
                pace.wait(0.02)
        except Exception as error:  # noqa: BLE001 - told in the test's own thread
            failures.append(error)

    pace = threading.Event()
    thread = threading.Thread(target=produce)
    thread.start()
    try:
        yield
    finally:
        thread.join()
    assert failures == []


def test_killed_again_and_again(harness: Harness) -> None:
    rng = seeded(20261121)
    total = 20_000
    harness.keep_journal()
    with flow(harness, total):
        for place in sorted(rng.sample(range(1_000, total - 2_000), 4)):
            sink = harness.sink(f"sink-{place}", **SMALL)
            harness.wait_for_rows(place)
            sink.kill()
        harness.sink("last", **SMALL)
    harness.wait_for_rows(total)

    assert harness.violations() == []


def test_sinks_join_and_leave(harness: Harness) -> None:
    total = 20_000
    harness.keep_journal()
    with flow(harness, total):
        first = harness.sink("first", **SMALL)
        harness.wait_for_rows(2_000)
        second = harness.sink("second", **SMALL)
        wait_until(lambda: "claimed with epoch" in second.log, "the second sink to get partitions")
        harness.wait_for_rows(6_000)
        first.stop()
        assert first.exit_code == 0
        harness.wait_for_rows(10_000)
        harness.sink("third", **SMALL)
    harness.wait_for_rows(total)

    assert harness.violations() == []


def _awakened_zombie(harness: Harness, *arguments: str) -> SinkProcess:
    """A sink that freezes with a batch in hand, is replaced, and wakes up when its successor has written everything."""
    harness.keep_journal()
    harness.produce(enriched(number) for number in range(3_000))
    module = ["tests.integration.sink.frozen_sink", *arguments]
    zombie = harness.start(SinkProcess(harness, "zombie", module, **SMALL))
    wait_until(lambda: os.waitid(os.P_PID, zombie.pid, os.WSTOPPED | os.WNOHANG | os.WNOWAIT) is not None, "the freeze")
    assert 0 < harness.rows() < 3_000
    harness.sink("successor", **SMALL)
    harness.wait_for_rows(3_000)
    zombie.signal(signal.SIGCONT)
    return zombie


def test_a_zombie_is_fenced(harness: Harness) -> None:
    zombie = _awakened_zombie(harness)
    wait_until(lambda: "this sink's epoch no longer counts; dropping what was read" in zombie.log, "the fencing")
    harness.produce(enriched(number) for number in range(3_000, 6_000))
    harness.wait_for_rows(6_000)

    assert harness.violations() == []


def test_without_fencing_the_ledger_shows_what_a_zombie_does(harness: Harness) -> None:
    zombie = _awakened_zombie(harness, "--unfenced")
    wait_until(lambda: harness.rows("journal") > 3_000, "the zombie's write")
    harness.produce(enriched(number) for number in range(3_000, 6_000))
    harness.wait_for_rows(6_000)

    found = harness.violations()
    assert {violation.kind for violation in found} == {Kind.REPEATED}
    assert "epoch no longer counts" not in zombie.log


def test_the_database_restarts(harness: Harness) -> None:
    total = 10_000
    harness.keep_journal()
    with flow(harness, total):
        sink = harness.sink(**SMALL)
        for place in (1_500, 4_000):
            harness.wait_for_rows(place)
            harness.postgres.kill() if place > 2_000 else harness.postgres.stop()
            wait_until(lambda: "trying the same batch again" in sink.log, "the sink to notice")
            revive(harness.postgres)
    harness.wait_for_rows(total)

    assert harness.violations() == []
    assert sink.is_running()
