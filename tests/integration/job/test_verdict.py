"""Several hundred odd and hostile records: each ends in exactly one place, unchanged or right, and the job goes on."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from confluent_kafka import KafkaError, Message

from contracts import wire
from contracts.dead_letter import HEADERS
from contracts.types import WeatherEnriched, WeatherObservation
from tests.fixtures.observations import NINE, observation
from tests.integration.job.cases import FIELDS, Case, by_hand, generated, shuffled
from tests.integration.job.closers import CLOSER, send_closers
from tests.integration.job.harness import JobHarness, headers

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]

SEED = 20261121
CLOSED = NINE + timedelta(hours=27)
"""What lies before it is said at once: every window of the day of NINE has ended."""
DERIVED = ("dew_point_c", "pressure_sea_level_hpa")
"""Filled in where they are null: what they become is the golden test's matter."""


@dataclass
class Sent:
    """What went in and what came of it."""

    harness: JobHarness
    began: datetime
    cases: dict[tuple[int, int], Case]
    letters: dict[tuple[int, int], list[Message]] = field(default_factory=dict)
    enriched: dict[str, list[WeatherEnriched]] = field(default_factory=dict)


def produce(harness: JobHarness, cases: list[Case]) -> dict[tuple[int, int], Case]:
    """Sends and tells where each case came to lie."""
    places: dict[tuple[int, int], Case] = {}
    topic = harness.catalogue.observations.name
    delivered: list[Message] = []

    def on_delivery(error: KafkaError | None, message: Message) -> None:
        assert error is None, error
        delivered.append(message)

    for case in cases:
        harness.producer.produce(topic, case.value, case.key, on_delivery=on_delivery)
        assert harness.producer.flush(30) == 0
        places[delivered[-1].partition() or 0, delivered[-1].offset() or 0] = case
    assert len(places) == len(cases)
    return places


@pytest.fixture(scope="module")
def harness(module_make: Any) -> JobHarness:
    made: JobHarness = module_make()
    made.submit()
    made.sink("sink", "enriched", "windows", "anomalies", "revisions")
    return made


@pytest.fixture(scope="module")
def sent(harness: JobHarness) -> Sent:
    began = datetime.now(UTC).replace(microsecond=0)
    cases = shuffled([*by_hand(), *generated(SEED)], SEED)
    run = Sent(harness, began, produce(harness, cases))
    send_closers(harness, CLOSED)
    harness.settle()
    for letter in harness.read("dead_letters"):
        found = headers(letter)
        run.letters.setdefault((int(found["source-partition"]), int(found["source-offset"])), []).append(letter)
    for message in harness.read("enriched"):
        record = wire.decode(WeatherEnriched, message.value() or b"")
        assert message.key() == record.station_id.encode()
        if record.source == CLOSER:
            continue
        run.enriched.setdefault(record.station_id, []).append(record)
    return run


def test_each_record_is_in_exactly_one_place(sent: Sent) -> None:
    wrong = []
    for place, case in sent.cases.items():
        letters = len(sent.letters.get(place, []))
        rows = len(sent.enriched.get(case.station_id, [])) if case.expected else 0
        if (letters, rows) != ((0, 1) if case.reason is None else (1, 0)):
            why = [headers(letter)["reason"] for letter in sent.letters.get(place, [])]
            wrong.append(f"{case.name}: {letters} dead letters {why}, {rows} enriched")

    assert not wrong, "\n".join(wrong)
    accepted = sum(case.reason is None for case in sent.cases.values())
    assert (sum(map(len, sent.letters.values())), sum(map(len, sent.enriched.values()))) == (
        len(sent.cases) - accepted,
        accepted,
    )
    assert accepted > 150
    assert len(sent.cases) - accepted > 200


def test_dead_letters_are_the_original_and_say_why(sent: Sent) -> None:
    wrong = []
    for place, letters in sent.letters.items():
        case, found = sent.cases[place], headers(letters[0])
        if case.reason is None:
            continue  # told by the test before
        assert (letters[0].key(), letters[0].value()) == (case.key, case.value), case.name
        assert set(found) == set(HEADERS), case.name
        assert sent.began <= datetime.fromisoformat(found["failed-at"]) <= datetime.now(UTC), case.name
        assert found["component"] == "process-weather"
        assert found["source-topic"] == sent.harness.catalogue.observations.name
        assert found["attempt"] == "1"
        reason = found["reason"]
        assert reason.startswith("expected "), case.name
        if not reason.startswith(case.reason):
            wrong.append(f"{case.name}: {reason!r}, expected {case.reason!r}")

    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("no value", "expected a JSON object, found no value"),
        ("no JSON", "expected one JSON object in UTF-8, found temperature: 7"),
        (
            'observed_at "2099-01-01T00:00:00Z"',
            "expected observed_at at most 3600 s after the broker received it, found a later time",
        ),
        ("two times", "expected observed_at once, found it again"),
        (
            "a wind of 1048 mph",
            "expected a value that is possible at this latitude and season, found wind_speed_ms 468.659",
        ),
        (
            "a number for text",
            "expected weather_code as a text that is not empty, without control characters, or null, found 500}",
        ),
    ],
)
def test_reasons_word_by_word(sent: Sent, name: str, reason: str) -> None:
    (place,) = [place for place, case in sent.cases.items() if case.name == name]
    assert headers(sent.letters[place][0])["reason"] == reason


def test_accepted_records_have_their_values(sent: Sent) -> None:
    wrong = []
    for case in sent.cases.values():
        if case.reason is not None:
            continue
        for record in sent.enriched.get(case.station_id, []):
            for name in FIELDS:
                value, expected = getattr(record, name), case.expected[name]
                if value != expected and not (name in DERIVED and expected is None):
                    wrong.append(f"{case.name}: {name} is {value!r}, expected {expected!r}")

    assert not wrong, "\n".join(wrong)


# ---- repeats, revisions, late records ----

HOUR = timedelta(hours=1)


def tell(harness: JobHarness, *records: WeatherObservation) -> None:
    for record in records:
        harness.send(harness.catalogue.observations.name, record.station_id.encode(), wire.encode(record))
    assert harness.producer.flush(30) == 0


def rows(harness: JobHarness, table: str, station: str, **where: Any) -> list[dict[str, Any]]:
    found = [row for row in harness.table(table) if row["station_id"] == station]
    return [row for row in found if all(row[name] == value for name, value in where.items())]


def window(harness: JobHarness, station: str, kind: str, start: datetime) -> tuple[Any, ...]:
    (row,) = rows(harness, "weather_window", station, window_kind=kind, window_start=start)
    names = ("revision", "observation_count", "temperature_min_c", "temperature_max_c", "temperature_mean_c")
    return tuple(row[name] for name in names)


def late(harness: JobHarness, station: str) -> list[WeatherObservation]:
    messages = [message for message in harness.read("late") if message.key() == station.encode()]
    return [wire.decode(WeatherObservation, message.value() or b"") for message in messages]


def test_repeats_are_one_record(sent: Sent) -> None:
    first = observation(station_id="repeats", temperature_c=5.0)
    other = observation(station_id="repeats", temperature_c=6.0, observed_at=NINE + timedelta(minutes=20))
    tell(sent.harness, first, first, other, first, other)
    sent.harness.settle()

    messages = [message for message in sent.harness.read("enriched") if message.key() == b"repeats"]
    assert len(messages) == 2
    assert [row["temperature_c"] for row in rows(sent.harness, "weather_enriched", "repeats")] == [5.0, 6.0]
    for kind, start in (("h1", NINE), ("h3", NINE - 2 * HOUR), ("h24", NINE.replace(hour=0))):
        assert window(sent.harness, "repeats", kind, start) == (2, 2, 5.0, 6.0, 5.5)
    assert rows(sent.harness, "weather_revision", "repeats") == []
    assert late(sent.harness, "repeats") == []


def test_a_revision_corrects_its_windows(sent: Sent) -> None:
    first = observation(station_id="revised", temperature_c=5.0)
    revised = observation(station_id="revised", temperature_c=9.0, revision=1)
    tell(sent.harness, first)
    sent.harness.settle()
    assert window(sent.harness, "revised", "h1", NINE) == (1, 1, 5.0, 5.0, 5.0)
    tell(sent.harness, revised, first)
    sent.harness.settle()

    (row,) = rows(sent.harness, "weather_enriched", "revised")
    assert (row["revision"], row["temperature_c"]) == (0, 5.0)
    (row,) = rows(sent.harness, "weather_revision", "revised")
    assert (row["revision"], row["temperature_c"]) == (1, 9.0)
    for kind, start in (("h1", NINE), ("h3", NINE), ("h24", NINE.replace(hour=0))):
        assert window(sent.harness, "revised", kind, start) == (2, 1, 9.0, 9.0, 9.0)
    assert late(sent.harness, "revised") == []


def test_what_comes_after_its_hour_closed_is_told_and_still_corrects(sent: Sent) -> None:
    on_time = observation(station_id="late", temperature_c=5.0)
    newer = observation(station_id="late", temperature_c=7.0, observed_at=NINE + 3 * HOUR)
    tell(sent.harness, on_time, newer)
    sent.harness.settle()
    assert late(sent.harness, "late") == []
    missed = observation(station_id="late", temperature_c=3.0, observed_at=NINE + timedelta(minutes=30))
    revised = observation(station_id="late", temperature_c=6.0, revision=1)
    tell(sent.harness, missed, revised)
    sent.harness.settle()

    assert late(sent.harness, "late") == [missed, revised]
    assert window(sent.harness, "late", "h1", NINE) == (3, 2, 3.0, 6.0, 4.5)
    assert window(sent.harness, "late", "h1", NINE + 3 * HOUR) == (1, 1, 7.0, 7.0, 7.0)
    assert len(rows(sent.harness, "weather_enriched", "late")) == 3
    assert [row["temperature_c"] for row in rows(sent.harness, "weather_revision", "late")] == [6.0]


def test_the_job_has_not_been_disturbed(sent: Sent) -> None:
    rest = sent.harness.stack.flink.rest
    assert rest.job_state(sent.harness.job_id) == "RUNNING"
    assert sent.harness.restarts() == 0
    # and the sink has refused nothing of what the job wrote
    for topic in (sent.harness.catalogue.enriched, sent.harness.catalogue.windows, sent.harness.catalogue.revisions):
        assert Counter(sent.harness.dead_letters_of(topic)) == Counter()
