"""How many requests a host may get from us, per minute and per day, and what is already spent.

The minute slides (the times of the last requests are kept, at most as many as the limit); the day is the UTC day,
because no provider says when its day begins: if it differs, the provider's own quota answer is the second guard.
What is spent is a plain value that the state topic keeps, written *before* the request it counts, so that a crash
can only count a request that was never made.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import msgspec

from producer.errors import BudgetError

MINUTE = timedelta(minutes=1)
MARGIN = timedelta(seconds=1)  # our clock and the provider's do not tick together


@dataclass(frozen=True, slots=True)
class Limit:
    """Requests a provider allows; None where it names no limit."""

    per_minute: int | None
    per_day: int | None


class Spent(msgspec.Struct, frozen=True):
    """What a host has had from us."""

    day: str = ""
    today: int = 0
    recent: tuple[datetime, ...] = ()
    blocked_until: datetime | None = None


def _midnight_after(now: datetime) -> datetime:
    return datetime(now.year, now.month, now.day, tzinfo=UTC) + timedelta(days=1)


def _recent(spent: Spent, now: datetime) -> tuple[datetime, ...]:
    # A time of the future comes from a clock that was set back: it counts, or the minute could be overspent.
    return tuple(moment for moment in spent.recent if now - moment < MINUTE)


def spend(spent: Spent, limit: Limit, host: str, now: datetime) -> Spent:
    """What is spent after one more request now.

    Raises:
        BudgetError: there is none left; says when there is again.
    """
    if spent.blocked_until and now < spent.blocked_until:
        raise BudgetError(f"{host} is left alone until {spent.blocked_until:%H:%M:%SZ}", spent.blocked_until)
    day = now.date().isoformat()
    today = spent.today if spent.day == day else 0
    recent = _recent(spent, now)
    if limit.per_day is not None and today >= limit.per_day:
        raise BudgetError(f"{host}: the day's {limit.per_day} requests are spent", _midnight_after(now) + MARGIN)
    if limit.per_minute is not None and len(recent) >= limit.per_minute:
        free_at = recent[-limit.per_minute] + MINUTE + MARGIN
        raise BudgetError(f"{host}: the minute's {limit.per_minute} requests are spent", free_at)
    kept = (*recent, now)[-limit.per_minute :] if limit.per_minute else ()
    return Spent(day, today + 1, kept)


def block(spent: Spent, until: datetime) -> Spent:
    """Leaves the host alone until then."""
    return msgspec.structs.replace(spent, blocked_until=until)


def left(spent: Spent, limit: Limit, now: datetime) -> dict[str, int]:
    """Requests left by window, for the metrics."""
    windows = {}
    if limit.per_minute is not None:
        windows["minute"] = max(limit.per_minute - len(_recent(spent, now)), 0)
    if limit.per_day is not None:
        windows["day"] = max(limit.per_day - (spent.today if spent.day == now.date().isoformat() else 0), 0)
    return windows
