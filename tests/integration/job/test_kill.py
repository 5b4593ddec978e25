"""SIGKILL for the TaskManager, the sink and the broker while records flow; then the ledger is held against it all.

The ledger is made from the dataset, not read back from Kafka, so that it also misses what the broker might have lost.
Order within a station is held from the dataset to the database, with one subtask and with two: a station's records are
in one partition, and in the job in one operator.

That the checker does find harm where there is some, with the sink's fencing turned off, is shown by
test_without_fencing_the_ledger_shows_what_a_zombie_does in tests/integration/sink.
"""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from contracts.schema import RECORDS
from producer.replay import plan
from tests.integration.job.closers import send_closers
from tests.integration.job.conftest import Make
from tests.integration.job.dataset import nyc_2013
from tests.integration.job.harness import JobHarness
from tests.integration.sink.harness import seeded
from tests.ledger import sources
from tests.ledger.checker import Entry, check

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]

SEED = 20261121
TOTAL, PER_SECOND, STATIONS = 8_000, 100, 12
"""80 s of records: the longest recovery, of a TaskManager, lets half a minute of them pile up."""

SMALL = {"batch_rows": "100", "batch_ms": "20"}
"""Many transactions of the sink, so that a kill hits in the middle of one."""


def kill_taskmanager(harness: JobHarness) -> None:
    (taskmanager,) = harness.stack.flink.taskmanagers
    taskmanager.kill()
    taskmanager.start()


def kill_sink(harness: JobHarness) -> None:
    harness.sinks[-1].kill()
    harness.sink("second-sink", "enriched", "windows", "anomalies", "revisions", **SMALL)


def kill_broker(harness: JobHarness) -> None:
    harness.stack.broker.kill()
    harness.stack.broker.start()
    harness.stack.broker.wait_ready()


@pytest.mark.parametrize("parallelism", [1, 2])
def test_nothing_is_lost_repeated_or_out_of_order(make: Make, parallelism: int) -> None:
    rng, record = seeded(SEED), RECORDS["weather_enriched"]
    as_of = datetime.now(UTC).replace(microsecond=0) - timedelta(days=3)  # so that its windows can be closed
    planned = plan(nyc_2013(), as_of, shifted=True, stations=STATIONS, limit=TOTAL)
    ledger = [sources.from_struct(record, each, f"planned {number}") for number, each in enumerate(planned.records)]
    harness = make()
    harness.keep_journal()
    harness.submit(parallelism=parallelism)
    harness.sink("first-sink", "enriched", "windows", "anomalies", "revisions", **SMALL)
    amount = ["--rate", str(PER_SECOND), "--limit", str(TOTAL), "--stations", str(STATIONS)]
    replay = harness.replay("--as-of", as_of.isoformat(), *amount)

    places = sorted(rng.sample(range(500, TOTAL - 2_000), 3))
    for place, kill in zip(places, (kill_taskmanager, kill_sink, kill_broker), strict=True):
        harness.until_rows(place)
        assert harness.rows() < TOTAL, "too late: everything had arrived"
        kill(harness)
    assert replay.wait(300) == 0, replay.log_path.read_text()
    assert len(ledger) == TOTAL
    closers = send_closers(harness, as_of + timedelta(hours=36))
    ledger += [sources.from_struct(record, each, f"closer {number}") for number, each in enumerate(closers)]
    harness.settle()

    assert harness.read("dead_letters") == []
    emitted = sources.from_topic(record, harness.catalogue.enriched.name, harness.kafka)
    assert_nothing_wrong(ledger, emitted)
    # what the sink offered to the database, repeats included; rows alone would hide those
    assert_nothing_wrong(ledger, sources.from_postgres(record, "journal", harness.dsn, "seq"))
    assert_nothing_wrong(ledger, sources.from_postgres(record, "weather_enriched", harness.dsn), ordered=False)
    counted: Counter[str] = Counter()
    for row in harness.table("weather_window"):
        counted[row["window_kind"]] += row["observation_count"]
        assert row["revision"] == row["observation_count"]
    assert counted == {"h1": TOTAL, "h3": 3 * TOTAL, "h24": TOTAL}
    assert harness.restarts() >= 1, "the job never noticed that its TaskManager died"


def assert_nothing_wrong(ledger: list[Entry], arrived: list[Entry], *, ordered: bool = True) -> None:
    violations = check(ledger, arrived, ordered=ordered)
    assert not violations, f"{len(violations)} violations:\n" + "\n".join(map(str, violations[:20]))
