"""The program as started: the console target, exit codes, and logs that no longer hold what the database expects."""

import pytest
from confluent_kafka import TopicPartition

from contracts.kafka import confluent_admin, create_topics
from tests.integration.sink.harness import Harness, SinkProcess, enriched, wait_until

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]


def test_the_console_prints_records_and_goes_on_where_it_was(harness: Harness) -> None:
    harness.produce(enriched(number) for number in range(100))
    module = ["sinks", "console", "--topics", "enriched"]
    first = harness.start(SinkProcess(harness, "first", module))
    wait_until(lambda: first.log.count('{"source":"ledger"') == 100, "100 lines")
    first.stop()
    assert first.exit_code == 0
    harness.produce(enriched(number) for number in range(100, 120))
    second = harness.start(SinkProcess(harness, "second", module))

    wait_until(lambda: second.log.count('{"source":"ledger"') == 20, "20 lines")
    assert '"temperature_c":100.0' in second.log


def test_a_database_that_stays_away_ends_the_start_with_a_sentence(harness: Harness) -> None:
    sink = harness.start(
        SinkProcess(
            harness,
            "sink",
            ["sinks", "postgres"],
            postgres_dsn="postgresql://isobar:hidden@127.0.0.1:1/isobar",
            startup_timeout_s="0.5",
        )
    )

    assert sink.wait(30) == 1
    assert "Connection refused" in sink.log
    assert "hidden" not in sink.log
    assert "Traceback" not in sink.log


def test_wrong_settings_end_the_start_with_a_sentence(harness: Harness) -> None:
    sink = harness.start(SinkProcess(harness, "sink", ["sinks", "postgres"], batch_rows="0"))

    assert sink.wait(30) == 2
    assert "ISOBAR_SINKS_BATCH_ROWS is '0': input should be greater than or equal to 1" in sink.log


def test_records_that_retention_removed_are_told_and_passed(harness: Harness) -> None:
    topic = harness.catalogue.enriched.name
    harness.produce(enriched(number, 1) for number in range(10))
    first = harness.sink("first")
    harness.wait_for_rows(10)
    first.stop()
    harness.produce(enriched(number, 1) for number in range(10, 30))
    (partition,) = (p for p, offset in harness.next_offsets().items() if offset == 10)
    admin = confluent_admin(harness.kafka)
    removal = admin.delete_records([TopicPartition(*partition, 25)])
    for future in removal.values():
        future.result(30)
    second = harness.sink("second")
    harness.wait_for_rows(15)

    assert f"{partition}: retention removed offsets 10 to 24 before they were applied; going on from 25" in second.log
    assert second.metrics("isobar_sinks_expired_offsets_total") == {f'{{topic="{topic}"}}': 15.0}


def test_a_topic_made_anew_is_read_from_its_beginning(harness: Harness) -> None:
    topic = harness.catalogue.enriched
    harness.produce(enriched(number, 1) for number in range(10))
    first = harness.sink("first")
    harness.wait_for_rows(10)
    first.stop()
    admin = confluent_admin(harness.kafka)
    for future in admin.delete_topics([topic.name]).values():
        future.result(30)
    wait_until(lambda: topic.name not in admin.list_topics(timeout=10).topics, "the topic to go")
    wait_until(lambda: bool(create_topics(admin, [topic])), "the topic to come back")
    harness.produce(enriched(number, 1) for number in range(10, 14))
    second = harness.sink("second")
    harness.wait_for_rows(14)

    assert "the target expects offset 10 but the topic ends at 4, so it was made anew; reading it from 0" in second.log
