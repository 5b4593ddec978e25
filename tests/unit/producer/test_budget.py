"""No host is asked more often than its budget allows, whatever the moments of asking."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from producer.budget import Limit, Spent, block, left, spend
from producer.errors import BudgetError
from tests.fixtures.observations import NINE

HOST = "api.example"
SECOND = timedelta(seconds=1)


def spend_all(limit: Limit, moments: list[datetime]) -> tuple[Spent, list[datetime]]:
    """Asks at each moment; returns what is spent and when a request was allowed."""
    spent, allowed, refused = Spent(), [], []
    for now in moments:
        try:
            spent = spend(spent, limit, HOST, now)
        except BudgetError as error:
            refused.append((now, error.free_at))
        else:
            allowed.append(now)
    assert all(now < free_at for now, free_at in refused)
    return spent, allowed


@given(st.integers(1, 5), st.integers(1, 20), st.lists(st.integers(0, 90), max_size=80))
def test_no_minute_and_no_day_is_ever_overspent(per_minute: int, per_day: int, gaps_s: list[int]) -> None:
    moments = [NINE + timedelta(seconds=sum(gaps_s[: n + 1])) for n in range(len(gaps_s))]
    _, allowed = spend_all(Limit(per_minute, per_day), moments)
    for now in allowed:
        assert sum(timedelta(0) <= now - other < timedelta(minutes=1) for other in allowed) <= per_minute
    assert len(allowed) <= per_day * len({moment.date() for moment in moments})


@given(st.integers(1, 5), st.lists(st.integers(0, 30), min_size=1, max_size=30))
def test_what_was_free_at_the_named_time_is_free(per_minute: int, gaps_s: list[int]) -> None:
    spent, now = Spent(), NINE
    for gap_s in gaps_s:
        now += timedelta(seconds=gap_s)
        try:
            spent = spend(spent, Limit(per_minute, None), HOST, now)
        except BudgetError as error:
            spend(spent, Limit(per_minute, None), HOST, error.free_at)


def test_the_day_ends_at_midnight_utc() -> None:
    limit = Limit(None, 2)
    evening = datetime(2026, 11, 20, 23, 59, 58, tzinfo=UTC)
    spent, _ = spend_all(limit, [evening, evening + SECOND])
    with pytest.raises(BudgetError) as over:
        spend(spent, limit, HOST, evening + SECOND)
    assert str(over.value) == "api.example: the day's 2 requests are spent"
    assert over.value.free_at == datetime(2026, 11, 21, 0, 0, 1, tzinfo=UTC)
    assert spend(spent, limit, HOST, over.value.free_at).today == 1


def test_the_minute_slides() -> None:
    limit = Limit(2, None)
    spent, _ = spend_all(limit, [NINE, NINE + 30 * SECOND])
    with pytest.raises(BudgetError) as over:
        spend(spent, limit, HOST, NINE + 59 * SECOND)
    assert str(over.value) == "api.example: the minute's 2 requests are spent"
    assert over.value.free_at == NINE + 61 * SECOND
    assert spend(spent, limit, HOST, over.value.free_at).recent == (NINE + 30 * SECOND, NINE + 61 * SECOND)


def test_a_clock_set_back_frees_nothing() -> None:
    spent, _ = spend_all(Limit(1, None), [NINE])
    with pytest.raises(BudgetError):
        spend(spent, Limit(1, None), HOST, NINE - timedelta(minutes=10))


def test_a_blocked_host_is_left_alone_and_what_it_had_still_counts() -> None:
    limit = Limit(5, 100)
    spent, _ = spend_all(limit, [NINE, NINE + SECOND])
    blocked = block(spent, NINE + timedelta(minutes=5))
    with pytest.raises(BudgetError) as over:
        spend(blocked, limit, HOST, NINE + 2 * SECOND)
    assert str(over.value) == "api.example is left alone until 09:05:00Z"
    after = spend(blocked, limit, HOST, over.value.free_at)
    assert (after.today, after.blocked_until) == (3, None)


def test_what_is_left_and_its_form_in_the_state_topic() -> None:
    limit = Limit(60, 360)
    spent, _ = spend_all(limit, [NINE, NINE + SECOND])
    assert left(spent, limit, NINE + SECOND) == {"minute": 58, "day": 358}
    assert left(spent, limit, NINE + timedelta(days=1)) == {"minute": 60, "day": 360}
    assert left(spent, Limit(None, None), NINE) == {}
    assert msgspec.json.decode(msgspec.json.encode(spent), type=Spent) == spent
