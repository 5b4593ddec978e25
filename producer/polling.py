"""Polite polling: what to ask next, when, and what each kind of answer means for the time after.

One loop, one place at a time. Every wait is a due time on the schedule, never a sleep inside a request, so that a
place in trouble holds no other up and a stop is obeyed within a tick. An outage is asked again soon, twice as late
each time, with jitter; a quota answer or a refused key leaves the whole host alone; a Retry-After is obeyed up to a
cap. Requests are spent from the host's budget before they are made. What a provider still has of the past (48 h at
the Met Office) comes with each answer: the state tells what of it was never published.
"""

import logging
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from contracts.types import WeatherObservation
from producer import budget, metrics
from producer.cassette import CassetteEnd
from producer.clock import utc_now
from producer.errors import (
    BudgetError,
    KeyRefusedError,
    OutageError,
    ProviderError,
    QuotaError,
    RefusedError,
)
from producer.http import STATUS_NOT_MODIFIED, Client, Request, Response
from producer.ledger import Ledger
from producer.places import Place
from producer.providers.base import Parsed, Provider
from producer.state import PollerState
from producer.stopping import Waiter

log = logging.getLogger(__name__)

TICK_S = 1.0  # how often the lease is renewed while nothing is due
BACKOFF_S, BACKOFF_CAP_S = 5.0, 900.0
QUOTA_WAIT_CAP_S = 3600.0
KEY_WAIT_S = 900  # a new key works after up to two hours; a wrong one is not worth more than four questions an hour
JITTER = 0.1  # of an interval, added: a fleet started together drifts apart, and no interval is ever shorter than asked
START_SPREAD_S = 30.0
ONCE_ATTEMPTS = 4
ONCE_PATIENCE_S = 120.0  # --once waits for the next minute's budget, not for the next day's
FUTURE_TOLERANCE = timedelta(hours=1)
"""As the job's. One far-future row would also make the memory's bound call all that follows too old."""


class NotModified(Exception):  # noqa: N818 - an answer, not an error
    """The provider says that nothing has changed since the last answer."""


@dataclass
class Task:
    """A place on the schedule."""

    place: Place
    due: datetime
    attempts: int = 0
    refused: set[str] = field(default_factory=set)


class Poller:
    """Polls the places of one provider until stopped, or once each."""

    def __init__(
        self,
        provider: Provider,
        client: Client,
        ledger: Ledger,
        state: PollerState,
        *,
        interval_s: float,
        once: bool = False,
        paced: bool = True,
        on_records: Callable[[datetime, int], None] = lambda _moment, _count: None,
        clock: Callable[[], datetime] = utc_now,
        rng: random.Random | None = None,
    ) -> None:
        """`paced` is False for a cassette: no budget, no waiting, and each place ends with its recording."""
        self._provider, self._client, self._ledger, self._state = provider, client, ledger, state
        self._interval_s, self._once, self._paced = interval_s, once, paced
        self._on_records, self._clock = on_records, clock
        self._rng = rng or random.Random()
        self._validators: dict[str, dict[str, str]] = {}
        self._fresh: dict[str, dict[str, str]] = {}
        self._owners: dict[str, str] = {}
        self._quota_answers: dict[str, int] = {}
        self.failures: dict[str, str] = {}

    def run(self, places: Sequence[Place], waiter: Waiter, keep: Callable[[], None] = lambda: None) -> None:
        """Works through the schedule. `keep` renews the lease, and raises when it is lost."""
        now = self._clock()
        spread_s = START_SPREAD_S if self._paced and not self._once else 0.0
        tasks = [Task(place, now + timedelta(seconds=self._rng.uniform(0, spread_s))) for place in places]
        while tasks and not waiter:
            keep()
            task = min(tasks, key=lambda task: task.due)
            wait_s = (task.due - self._clock()).total_seconds()
            if wait_s > 0:
                waiter.wait(min(wait_s, TICK_S))
                continue
            delay_s = self._visit(task)
            if delay_s is None:
                tasks.remove(task)
            else:
                task.due = self._clock() + timedelta(seconds=delay_s if self._paced else 0)

    def _visit(self, task: Task) -> float | None:
        """Asks for a place; returns seconds until the next time, None if it is done for good."""
        name = task.place.name
        try:
            if not self._observe(task):
                return None
        except CassetteEnd:
            return None
        except NotModified:
            log.info("%s: nothing new", name)
        except ProviderError as error:
            return self._after(task, error)
        self.failures.pop(name, None)
        task.attempts = 0
        return None if self._once else self._next_s()

    def _after(self, task: Task, error: ProviderError) -> float | None:
        """Seconds until it is worth asking again after an error."""
        task.attempts += 1
        log.warning("%s: %s", task.place.name, error)
        self.failures[task.place.name] = str(error)
        metrics.ERRORS.labels(self._provider.name, error.outcome).inc()
        if not self._paced:
            return None if self._once else 0.0
        if isinstance(error, BudgetError):
            delay_s = (error.free_at - self._clock()).total_seconds()
            return None if self._once and delay_s > ONCE_PATIENCE_S else max(delay_s, 0.0) + self._rng.random()
        if isinstance(error, OutageError):
            delay_s = min(BACKOFF_S * 2 ** (task.attempts - 1), BACKOFF_CAP_S) * self._rng.uniform(0.5, 1.0)
            delay_s = max(delay_s, error.retry_after_s or 0.0)
            return None if self._once and task.attempts >= ONCE_ATTEMPTS else delay_s
        if isinstance(error, RefusedError):
            self._forget(task.place)
        return None if self._once else self._next_s()

    def _next_s(self) -> float:
        return self._interval_s * (1 + self._rng.uniform(0, JITTER))

    def _observe(self, task: Task) -> bool:
        """Asks, and publishes what is new; False if another place already stands for the same station."""
        self._fresh.clear()
        location = self._locate(task.place)
        owner = self._owners.setdefault(location, task.place.name)
        if owner != task.place.name:
            log.warning("%s: the same station as '%s' (%s); asked for once", task.place.name, owner, location)
            return False
        parsed = self._provider.observe(location, lambda request: self._ask(request, conditional=True))
        self._publish(task, parsed)
        # Only now: an answer that could not be published or read must come whole again.
        self._validators.update(self._fresh)
        metrics.LAST_SUCCESS.labels(self._provider.name).set(self._clock().timestamp())
        return True

    def _locate(self, place: Place) -> str:
        location = self._state.location(place)
        if location is None:
            location = self._provider.locate(place, self._ask)
            self._commit(self._state.location_entry(place, location))
        return location

    def _forget(self, place: Place) -> None:
        """A refused place is looked up again: its station may have been renamed."""
        if self._state.location(place) is not None:
            self._owners = {location: name for location, name in self._owners.items() if name != place.name}
            self._commit(self._state.location_entry(place, None))

    def _publish(self, task: Task, parsed: Parsed) -> None:
        horizon = self._clock() + FUTURE_TOLERANCE
        future = [record for record in parsed.observations if record.observed_at > horizon]
        refused = [
            *parsed.refused,
            *(f"{r.source} {r.station_id}: expected a time that has come, found {r.observed_at}" for r in future),
        ]
        plan = self._state.plan(record for record in parsed.observations if record.observed_at <= horizon)
        if plan.too_old:
            refused.append(f"{self._provider.name}: {plan.too_old} row(s) older than the memory of what was published")
        for sentence in refused:
            if sentence not in task.refused:  # an answer repeats its rows for two days; its complaint need not
                log.warning("refused a row: %s", sentence)
        task.refused = set(refused)
        metrics.ROWS_REFUSED.labels(self._provider.name).inc(len(refused))
        metrics.UNCHANGED.labels(self._provider.name).inc(plan.unchanged)
        if not plan.records:
            return
        self._commit(plan.entries, plan.records)
        metrics.REVISIONS.labels(self._provider.name).inc(sum(record.revision > 0 for record in plan.records))
        self._on_records(plan.records[-1].observed_at, len(plan.records))

    def _commit(self, entries: Mapping[str, bytes | None], records: Sequence[WeatherObservation] = ()) -> None:
        self._ledger.commit(records, entries)
        self._state.load(entries)

    def _ask(self, request: Request, *, conditional: bool = False) -> Response:
        """Sends one request; returns an answer of success, raises what any other means."""
        if self._paced:
            self._spend(request.host)
        try:
            response = self._client.send(request, self._validators.get(str(request), {}) if conditional else {})
            fault = self._provider.fault(response)
            if fault is not None and response.status != STATUS_NOT_MODIFIED:
                raise fault
        except ProviderError as error:
            self._count(request.host, error.outcome)
            if isinstance(error, QuotaError | KeyRefusedError):
                self._leave_alone(request.host, error)
            raise
        self._quota_answers.pop(request.host, None)
        if response.status == STATUS_NOT_MODIFIED:
            self._count(request.host, "not_modified")
            raise NotModified
        self._count(request.host, "ok")
        self._fresh[str(request)] = _validators(response)
        return response

    def _count(self, host: str, outcome: str) -> None:
        metrics.REQUESTS.labels(self._provider.name, host, outcome).inc()

    def _spend(self, host: str) -> None:
        now, limit = self._clock(), self._provider.limit
        try:
            spent = budget.spend(self._state.spent(host), limit, host, now)
        except BudgetError as error:
            self._count(host, error.outcome)
            raise
        self._commit(self._state.spent_entry(host, spent))
        for window, count in budget.left(spent, limit, now).items():
            metrics.QUOTA_LEFT.labels(host, window).set(count)

    def _leave_alone(self, host: str, error: ProviderError) -> None:
        if not self._paced:
            return
        wait_s = float(KEY_WAIT_S)
        if isinstance(error, QuotaError):
            answers = self._quota_answers[host] = self._quota_answers.get(host, 0) + 1
            wait_s = min(self._provider.quota_wait_s * 2.0 ** (answers - 1), QUOTA_WAIT_CAP_S)
            wait_s = max(wait_s, error.retry_after_s or 0.0)
        until = self._clock() + timedelta(seconds=wait_s)
        self._commit(self._state.spent_entry(host, budget.block(self._state.spent(host), until)))


def _validators(response: Response) -> dict[str, str]:
    """The headers with which the next question can be conditional."""
    names = {"etag": "If-None-Match", "last-modified": "If-Modified-Since"}
    return {condition: response.headers[name] for name, condition in names.items() if name in response.headers}
