"""The poller's memory: what is new, changed, known, or too old to tell."""

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from contracts.types import WeatherObservation
from producer.budget import Spent
from producer.places import Place
from producer.state import MEMORY, Plan, PollerState, content_hash
from tests.fixtures.observations import NINE, observation

HOUR = timedelta(hours=1)


def publish(state: PollerState, *records: WeatherObservation) -> Plan:
    plan = state.plan(records)
    state.load(plan.entries)
    return plan


def revisions(plan: Plan) -> list[tuple[datetime, int]]:
    return [(record.observed_at, record.revision) for record in plan.records]


def test_the_same_again_is_not_published_whatever_the_time_of_asking() -> None:
    state = PollerState("metoffice")
    assert revisions(publish(state, observation(temperature_c=8.0))) == [(NINE, 0)]
    again = publish(state, observation(temperature_c=8.0, ingested_at=NINE + HOUR))
    assert (again.records, again.entries, again.unchanged) == ([], {}, 1)


def test_a_change_raises_the_revision_and_a_change_back_raises_it_again() -> None:
    state = PollerState("metoffice")
    found = [publish(state, observation(temperature_c=value)).records[0].revision for value in (8.0, 9.0, 8.0)]
    assert found == [0, 1, 2]


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 2)), max_size=40), st.integers(1, 7))
def test_a_restart_anywhere_changes_nothing(steps: list[tuple[int, int]], restart_every: int) -> None:
    """What is published and under which revision is a function of what was answered, not of when we restarted."""
    steady, topic, restarted = PollerState("metoffice"), dict[str, bytes | None](), PollerState("metoffice")
    for number, (hour, value) in enumerate(steps):
        record = observation(observed_at=NINE + hour * HOUR, temperature_c=float(value))
        if number % restart_every == 0:
            restarted = PollerState("metoffice")
            restarted.load(topic)
        expected, found = publish(steady, record), restarted.plan([record])
        assert revisions(found) == revisions(expected)
        topic.update(found.entries)
        restarted.load(found.entries)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 2)), max_size=40))
def test_revisions_of_an_hour_count_its_changes(steps: list[tuple[int, int]]) -> None:
    state, last = PollerState("metoffice"), dict[int, tuple[int, int]]()
    for hour, value in steps:
        plan = publish(state, observation(observed_at=NINE + hour * HOUR, temperature_c=float(value)))
        before = last.get(hour)
        if before is None:
            last[hour] = (value, 0)
        elif before[0] != value:
            last[hour] = (value, before[1] + 1)
        assert [record.revision for record in plan.records] == ([] if before == last[hour] else [last[hour][1]])


def test_history_in_one_answer_is_published_once_and_in_order() -> None:
    state = PollerState("metoffice")
    hours = [observation(observed_at=NINE - n * HOUR) for n in range(48)]
    assert [moment for moment, _ in revisions(publish(state, *hours))] == [NINE - n * HOUR for n in range(47, -1, -1)]
    later = [observation(observed_at=NINE - n * HOUR) for n in range(-1, 47)]
    assert revisions(publish(state, *later)) == [(NINE + HOUR, 0)]


def test_two_contents_of_one_hour_in_one_answer_are_two_revisions() -> None:
    plan = publish(PollerState("metoffice"), observation(temperature_c=1.0), observation(temperature_c=2.0))
    assert [(record.revision, record.temperature_c) for record in plan.records] == [(0, 1.0), (1, 2.0)]


def test_the_memory_is_bounded_and_what_lies_behind_it_is_counted_not_published() -> None:
    state, entry = PollerState("metoffice"), b""
    for hour in range(200):
        entry = publish(state, observation(observed_at=NINE + hour * HOUR)).entries["metoffice/station/gcpsvg"]
    assert entry.count(b"T") == MEMORY // HOUR + 1
    newest = NINE + 199 * HOUR
    assert publish(state, observation(observed_at=newest - MEMORY)).unchanged == 1
    behind = publish(state, observation(observed_at=newest - MEMORY - HOUR))
    assert (behind.records, behind.too_old) == ([], 1)
    # The bound is each station's own.
    assert revisions(publish(state, observation(station_id="other1", observed_at=NINE))) == [(NINE, 0)]


def test_a_first_answer_may_reach_back_further_than_the_memory() -> None:
    state = PollerState("datapoint")
    hours = [observation(source="datapoint", observed_at=NINE - n * HOUR) for n in range(100)]
    assert len(publish(state, *hours).records) == 100
    again = publish(state, *hours)
    assert (again.records, again.unchanged, again.too_old) == ([], 73, 27)


def test_the_hash_sees_every_field_of_content_and_no_other() -> None:
    base = content_hash(observation())
    for name in WeatherObservation.__struct_fields__:
        value: object = "x" if name in {"source", "station_id", "weather_code"} else 1.5
        value = NINE + HOUR if name.endswith("_at") else value
        value = True if name == "visibility_is_lower_bound" else value
        changed = content_hash(observation(**{name: value}))
        assert (changed == base) is (name in {"ingested_at", "revision"}), name


def test_sources_places_and_hosts_are_kept_apart() -> None:
    london = Place("london", 51.51, -0.13)
    ours, others = PollerState("metoffice"), PollerState("openweather")
    entries = ours.location_entry(london, "gcpsvg") | ours.spent_entry("a:1", Spent("2026-11-20", 7))
    for state in (ours, others):
        state.load(entries)
    assert (ours.location(london), ours.spent("a:1").today, ours.spent("b:1").today) == ("gcpsvg", 7, 0)
    assert (others.location(london), others.spent("a:1")) == (None, Spent())
    assert ours.location(Place("renamed", 51.51, -0.13)) == "gcpsvg"
    assert ours.location(Place("london", 51.52, -0.13)) is None
    ours.load(ours.location_entry(london, None))
    assert ours.location(london) is None
