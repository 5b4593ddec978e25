"""What becomes of records that are not plain: malformed, refused by the database, deleted, revised, aborted."""

import signal
from datetime import timedelta

import msgspec
import pytest
from confluent_kafka import Producer

from contracts import wire
from contracts.kafka import librdkafka_properties
from contracts.postgres import copy_columns
from contracts.schema import RECORDS
from contracts.types import WeatherAnomaly, WeatherWindow
from tests.integration.sink.harness import EPOCH, Harness, enriched, observation, revive, wait_until

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]


def test_a_row_is_the_record_field_by_field(harness: Harness) -> None:
    texts = [
        "plain",
        "",
        "null",
        "NULL",
        "\\N",
        '"quoted"',
        "back\\slash",
        "line\nfeed\ttab\r",
        "a,b",
        "]\n[",
        "\\.",
        "é☃🌦",
        "\x01",
    ]
    records = [
        enriched(n, 1, weather_code=text, wind_speed_ms=0.1 + n / 3, visibility_is_lower_bound=n % 2 == 0, beaufort=n)
        for n, text in enumerate(texts)
    ]
    records.append(enriched(len(texts), 1, observed_at=EPOCH + timedelta(days=1, milliseconds=7)))
    harness.produce(records)
    harness.sink()
    harness.wait_for_rows(len(records))

    columns = ", ".join(copy_columns(RECORDS["weather_enriched"]))
    rows = harness.query(f"SELECT {columns} FROM weather_enriched ORDER BY observed_at")
    assert rows == [msgspec.structs.astuple(record) for record in records]


def test_poison_goes_to_the_dead_letters_and_the_rest_goes_on(harness: Harness) -> None:
    topic = harness.catalogue.enriched
    good = [enriched(number, 1) for number in range(400)]
    poison = {
        100: b"{",
        200: wire.encode(enriched(200, 1)).replace(b'"lat":null', b'"lat":"north"'),
        250: wire.encode(enriched(250, 1, weather_code="nul \0 byte")),
        300: wire.encode(enriched(300, 1, revision=2**31)),
    }
    for number, record in enumerate(good):
        value = poison.get(number, wire.encode(record))
        harness.send(
            topic.name, b"S000", value, [("traceparent", b"00-abc"), ("attempt", b"2")] if number == 250 else None
        )
    harness.producer.flush()
    sink = harness.sink()
    harness.wait_for_rows(396)
    letters = harness.messages(f"{topic.name}.dlq", 4)

    assert {(key, value) for key, value, _ in letters} == {(b"S000", value) for value in poison.values()}
    told = {headers["source-offset"]: headers for _, _, headers in letters}
    assert sorted(told, key=int) == ["100", "200", "250", "300"]
    assert {headers["component"] for headers in told.values()} == {"sink-postgres"}
    assert {headers["source-topic"] for headers in told.values()} == {topic.name}
    assert told["100"]["reason"] == "not a WeatherEnriched: Input data was truncated"
    assert told["200"]["reason"] == "not a WeatherEnriched: Expected `float | null`, got `str` - at `$.lat`"
    assert "invalid byte sequence" in told["250"]["reason"]
    assert "(SQLSTATE 22021)" in told["250"]["reason"]
    assert told["250"]["traceparent"] == "00-abc"
    assert [told[offset]["attempt"] for offset in ("100", "250")] == ["1", "3"]
    assert told["300"]["reason"] == "not a WeatherEnriched: Expected `int` <= 2147483647 - at `$.revision`"
    missing = {record.observed_at for number, record in enumerate(good) if number in poison}
    kept = {moment for (moment,) in harness.query("SELECT observed_at FROM weather_enriched")}
    assert kept == {record.observed_at for record in good} - missing
    wait_until(lambda: list(harness.next_offsets().values()) == [400], "the offset to pass them")
    figures = sink.metrics("isobar_sinks_dead_letters_total")
    assert figures == {
        f'{{kind="malformed",topic="{topic.name}"}}': 3.0,
        f'{{kind="refused-by-target",topic="{topic.name}"}}': 1.0,
    }


def test_a_batch_of_nothing_but_poison_moves_the_offset(harness: Harness) -> None:
    topic = harness.catalogue.enriched
    for _ in range(3):
        harness.send(topic.name, b"S000", b"{}")
    harness.producer.flush()
    harness.sink()

    wait_until(lambda: list(harness.next_offsets().values()) == [3], "the offset to pass them")
    assert len(harness.messages(f"{topic.name}.dlq", 3)) == 3


def test_the_highest_revision_wins_within_a_batch_and_between_batches(harness: Harness) -> None:
    topic = harness.catalogue.revisions
    key = wire.key(observation(0), topic.key)

    def revise(*revisions: int) -> None:
        for revision in revisions:
            value = wire.encode(observation(0, revision=revision, temperature_c=float(revision)))
            harness.send(topic.name, key, value)
        harness.send(topic.name, key, None)  # a tombstone deletes nothing
        harness.producer.flush()

    def revision() -> list[tuple[int, float]]:
        return harness.query("SELECT revision, temperature_c FROM weather_revision")

    revise(1, 3, 2)
    harness.sink("sink", "enriched", "revisions")
    harness.wait_for_rows(1, "weather_revision")
    assert revision() == [(3, 3.0)]
    revise(2)
    revise(5, 4)
    wait_until(lambda: list(harness.next_offsets().values()) == [9], "all of them")
    assert revision() == [(5, 5.0)]


def test_the_view_shows_revisions_over_first_arrivals(harness: Harness) -> None:
    first, untouched = enriched(0, 1, heat_index_c=31.0, quality_flags="x"), enriched(1, 1, heat_index_c=32.0)
    harness.produce([first, untouched])
    revised = observation(0, 1, revision=1, temperature_c=-4.5)
    topic = harness.catalogue.revisions
    harness.send(topic.name, wire.key(revised, topic.key), wire.encode(revised))
    harness.producer.flush()
    harness.sink("sink", "enriched", "revisions")
    harness.wait_for_rows(2)
    harness.wait_for_rows(1, "weather_revision")

    rows = harness.query(
        "SELECT revision, temperature_c, heat_index_c, quality, quality_flags FROM weather_current ORDER BY observed_at"
    )
    assert rows == [(1, -4.5, None, None, None), (0, 1.0, 32.0, "good", None)]


def test_windows_and_anomalies_have_their_tables(harness: Harness) -> None:
    nulls = dict.fromkeys(
        name for name in RECORDS["weather_window"].names if RECORDS["weather_window"].field(name).nullable
    )
    window = WeatherWindow(
        window_kind="h1",
        source="ledger",
        station_id="S000",
        window_start=EPOCH,
        window_end=EPOCH + timedelta(hours=1),
        revision=1,
        observation_count=1,
        temperature_count=1,
        completeness=1.0,
        **nulls,
    )
    anomaly = WeatherAnomaly(
        source="ledger",
        station_id="S000",
        observed_at=EPOCH,
        detected_at=EPOCH,
        variable="temperature_c",
        value=60.0,
        expected=10.0,
        expected_low=0.0,
        expected_high=20.0,
        score=9.0,
        severity="severe",
        method="test",
    )
    for topic, record in ((harness.catalogue.windows, window), (harness.catalogue.anomalies, anomaly)):
        harness.send(topic.name, wire.key(record, topic.key), wire.encode(record))
        harness.send(topic.name, wire.key(record, topic.key), wire.encode(record))
    harness.producer.flush()
    harness.sink("sink", "windows", "anomalies")
    wait_until(lambda: sum(harness.next_offsets().values()) == 4, "both topics to be read")

    assert harness.query("SELECT window_kind, window_start, completeness FROM weather_window") == [("h1", EPOCH, 1.0)]
    assert harness.query("SELECT variable, severity FROM weather_anomaly") == [("temperature_c", "severe")]


def test_aborted_transactions_are_gaps_and_lag_returns_to_zero(harness: Harness) -> None:
    topic = harness.catalogue.enriched.name
    producer = Producer(
        {**librdkafka_properties(harness.kafka), "transactional.id": harness.prefix, "partitioner": "murmur2_random"}
    )
    producer.init_transactions(30)

    def transaction(first: int, *, commit: bool) -> None:
        producer.begin_transaction()
        for number in range(first, first + 100):
            record = enriched(number, 1)
            producer.produce(topic, wire.encode(record), record.station_id.encode())
        producer.flush()
        producer.commit_transaction(30) if commit else producer.abort_transaction(30)

    for first in range(0, 1_000, 200):
        transaction(first, commit=True)
        transaction(first + 100, commit=False)
    sink = harness.sink(batch_rows="70")
    harness.wait_for_rows(500)

    def lag() -> list[float]:
        return list(sink.metrics("isobar_lag_seconds").values())

    wait_until(lambda: lag() == [0.0] * 4, "lag to return to 0 behind an aborted transaction")
    numbers = [int(value) for (value,) in harness.query("SELECT temperature_c FROM weather_enriched ORDER BY 1")]
    assert numbers == [n for first in range(0, 1_000, 200) for n in range(first, first + 100)]

    end = 1_000 + 10  # records, committed or aborted, and one marker a transaction
    wait_until(lambda: sum(harness.committed().values()) == end, "Kafka's hint to pass the last marker")

    # Behind a transaction that is still open there is nothing to apply yet.
    producer.begin_transaction()
    producer.produce(topic, wire.encode(enriched(1_000, 1)), b"S000")
    producer.flush()
    assert lag() == [0.0] * 4
    assert harness.rows() == 500
    producer.commit_transaction(30)
    harness.wait_for_rows(501)
    wait_until(lambda: lag() == [0.0] * 4, "lag to return to 0 behind a committed transaction")


def test_lag_rises_and_freshness_ages_while_the_database_is_away(harness: Harness) -> None:
    harness.produce(enriched(number) for number in range(100))
    sink = harness.sink()
    harness.wait_for_rows(100)
    wait_until(lambda: set(sink.metrics("isobar_lag_seconds").values()) == {0.0}, "lag 0")
    freshness = sink.metrics("isobar_freshness_seconds")
    harness.postgres.stop()
    try:
        harness.produce(enriched(number) for number in range(100, 200))
        wait_until(lambda: min(sink.metrics("isobar_lag_seconds").values()) > 0, "lag of every partition to rise")
        earlier = sink.metrics("isobar_lag_seconds")
        wait_until(
            lambda: all(value > earlier[name] for name, value in sink.metrics("isobar_lag_seconds").items()),
            "lag to go on rising",
        )
        assert sink.metrics("isobar_freshness_seconds").items() > freshness.items() or all(
            value > freshness[name] for name, value in sink.metrics("isobar_freshness_seconds").items()
        )
    finally:
        revive(harness.postgres)
    harness.wait_for_rows(200)
    wait_until(lambda: set(sink.metrics("isobar_lag_seconds").values()) == {0.0}, "lag to return to 0")


def test_freshness_survives_a_restart(harness: Harness) -> None:
    harness.produce(enriched(number, 1) for number in range(10))
    first = harness.sink("first")
    harness.wait_for_rows(10)
    wait_until(lambda: bool(first.metrics("isobar_freshness_seconds")), "freshness")
    before = first.metrics("isobar_freshness_seconds")
    first.stop()
    second = harness.sink("second")
    wait_until(lambda: bool(second.metrics("isobar_freshness_seconds")), "freshness without a new record")

    after = second.metrics("isobar_freshness_seconds")
    assert after.keys() == before.keys()
    assert all(after[name] >= before[name] for name in before)


def test_sigterm_drains(harness: Harness) -> None:
    harness.produce(enriched(number) for number in range(20_000))
    sink = harness.sink(batch_rows="500")
    harness.wait_for_rows(500)
    sink.signal(signal.SIGTERM)

    assert sink.wait(30) == 0
    assert "SIGTERM: finishing the batch in hand" in sink.log
    written = harness.rows()
    assert written < 20_000
    assert sum(harness.next_offsets().values()) == written
    assert harness.committed() == harness.next_offsets()
