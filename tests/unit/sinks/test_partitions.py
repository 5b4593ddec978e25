"""The arithmetic of lag and freshness."""

from datetime import UTC, datetime

import pytest
from prometheus_client import CollectorRegistry

from sinks import metrics
from sinks.partitions import SILENCE_MS, PartitionState
from tests.unit.sinks.fakes import P0, P1, TOPIC


def test_lag_counts_from_the_assignment_until_something_is_seen() -> None:
    assert PartitionState(since_ms=1_000).lag_seconds(4_500, 4_500) == 3.5


def test_lag_is_the_wait_of_the_oldest_record_in_hand() -> None:
    state = PartitionState(since_ms=50_000)
    state.took(10_000)
    state.took(20_000)
    assert state.lag_seconds(60_000, 60_000) == 50


def test_lag_after_a_batch_counts_from_the_next_in_hand_or_the_last_applied() -> None:
    state = PartitionState(since_ms=0)
    state.took(10_000)
    state.applied(15_000, None, still_in_hand_ms=16_000)
    assert state.lag_seconds(20_000, 20_000) == 4
    state.applied(17_000, None, still_in_hand_ms=None)
    assert state.lag_seconds(20_000, 20_000) == 3


def test_lag_is_zero_at_the_end_and_not_while_something_is_in_hand() -> None:
    state = PartitionState(since_ms=0)
    state.took(10_000)
    state.at_end = True
    assert state.lag_seconds(20_000, 20_000) == 10
    state.applied(10_000, None, still_in_hand_ms=None)
    assert state.lag_seconds(20_000, 20_000) == 0
    state.took(19_000)
    assert state.lag_seconds(20_000, 20_000) == 1


def test_a_loop_that_stands_still_cannot_claim_to_be_caught_up() -> None:
    state = PartitionState(since_ms=0, at_end=True)
    assert state.lag_seconds(20_000, 20_000 - SILENCE_MS) == 0
    assert state.lag_seconds(20_001, 20_000 - SILENCE_MS) == (SILENCE_MS + 1) / 1000


def test_a_broker_clock_ahead_of_ours_is_no_negative_lag() -> None:
    state = PartitionState(since_ms=0)
    state.took(21_000)
    assert state.lag_seconds(20_000, 20_000) == 0


def test_freshness_follows_the_newest_event_and_never_goes_back() -> None:
    state = PartitionState(since_ms=0)
    assert state.freshness_seconds(0) is None
    state.applied(0, datetime(2026, 11, 20, 12, tzinfo=UTC), None)
    state.applied(0, datetime(2026, 11, 20, 9, tzinfo=UTC), None)
    state.applied(0, None, None)
    noon_ms = int(datetime(2026, 11, 20, 12, tzinfo=UTC).timestamp() * 1000)
    assert state.freshness_seconds(noon_ms + 90_000) == 90


def test_both_times_are_computed_when_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    registry = CollectorRegistry()
    event = datetime(2026, 11, 20, tzinfo=UTC)
    base = int(event.timestamp() * 1000)
    states = {P1: PartitionState(base, at_end=True, newest_event_at=event), P0: PartitionState(base, in_hand_ms=base)}
    now = [base + 1_000]
    monkeypatch.setattr(metrics, "clock_ms", lambda: now[0])
    registry.register(metrics.Times(states, lambda: now[0]))

    def value(name: str, **labels: str) -> float | None:
        return registry.get_sample_value(name, {"topic": TOPIC, **labels})

    assert value("isobar_lag_seconds", partition="0") == 1
    assert value("isobar_lag_seconds", partition="1") == 0
    assert value("isobar_freshness_seconds") == 1
    now[0] += 60_000
    assert value("isobar_lag_seconds", partition="0") == 61
    assert value("isobar_freshness_seconds") == 61
