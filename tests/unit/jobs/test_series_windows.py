"""`series_windows` step by step against a model that keeps everything: every version, when, and what is kept.

A window that is wrong here would be wrong in silence, so the model decides each step's rows exactly: readings in any
order, repeated, revised, late, too late; watermarks that jump, stand still, and are far ahead of the series; restores,
after which there is none.
"""

import random
from collections import defaultdict
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from jobs.windows import KINDS
from tests.unit.jobs.harness import FunctionError, Functions

HOUR, MINUTE = 3_600_000, 60_000
DAY = 24 * HOUR
BEGIN = 20_000 * DAY
RETENTION_H = 72
SPAN_H = 6  # of Readings.java
OPEN_H = 3
"""Hours after its end, by the watermark, for which the sums of a window are kept."""
FOREVER = 2**62
VARIABLES = ("temperature_c", "precipitation_1h_mm")

Step = tuple[Any, ...]
Window = tuple[int, int]
"""Length in hours, and start."""


def run(java: Functions, steps: list[Step]) -> list[dict[str, Any]]:
    kinds = ", ".join(f"{hours}/{step}" for hours, step in KINDS)
    return java.series("series_windows", VARIABLES, steps, kinds=kinds, retention_hours=RETENTION_H)


class Model:
    """What must be said. Windows are computed anew from all readings at every step."""

    def __init__(self) -> None:
        self.readings: dict[int, tuple[int, tuple[float | None, ...]]] = {}
        self.newest = 0
        self.watermark = -FOREVER
        self.waiting: set[Window] = set()
        self.forgotten_to = -FOREVER
        self.early: set[Window] = set()

    def windows_of(self, at: int) -> list[Window]:
        return [
            (hours, start)
            for hours, step in KINDS
            for start in range(at // (step * HOUR) * step * HOUR, at // HOUR * HOUR - hours * HOUR, -step * HOUR)
        ]

    def version(self, window: Window) -> list[Any]:
        hours, start = window
        end = start + hours * HOUR
        members = [reading for at, reading in self.readings.items() if start <= at < end]
        row: list[Any] = [hours, start, end, sum(revision + 1 for revision, _ in members), len(members)]
        for variable in range(len(VARIABLES)):
            values = [found for _, every in members if (found := every[variable]) is not None]
            sums = [pytest.approx(sum(values)), min(values), max(values)] if values else [None] * 3
            row += [len(values), *sums]
        return row

    def closed(self, window: Window) -> bool:
        return window[1] + window[0] * HOUR - 1 <= self.watermark

    def step(self, step: Step) -> list[Window]:
        """The windows that must be said; those of `early` may be as well."""
        self.early = set()
        if step[0] == "restore":
            self.watermark = -FOREVER
            return []
        if step[0] == "watermark":
            self.watermark = max(self.watermark, step[1])
            self.forgotten_to = max(self.forgotten_to, self.watermark + 1 - OPEN_H * HOUR)
            said = {window for window in self.waiting if self.closed(window)}
            self.waiting -= said
            return sorted(said, key=lambda window: (window[1] + window[0] * HOUR, window))
        _, at, revision, *values = step
        known = self.readings.get(at)
        if at <= self.newest - RETENTION_H * HOUR or (known and known[0] >= revision):
            return []
        self.readings[at] = (revision, tuple(values))
        self.newest = max(self.newest, at)
        changed = set(self.windows_of(at))
        said = {window for window in changed if self.closed(window)}
        # after a restore, a window whose sums are no longer kept is said at once: there is nothing to wait with
        self.early = {window for window in changed - said if window[1] + window[0] * HOUR <= self.forgotten_to}
        self.waiting = (self.waiting | changed) - said
        return sorted(said)


def hold(java: Functions, steps: list[Step]) -> None:
    """Every row of every step, and what is kept after it."""
    model, last = Model(), defaultdict[Window, int](int)
    steps = [*steps, ("watermark", FOREVER)]
    for number, (step, found) in enumerate(zip(steps, run(java, steps), strict=True)):
        expected = model.step(step)
        told = f"step {number} {step}"
        rows = {(row[0], row[1]): row for row in found["rows"]}
        assert len(rows) == len(found["rows"]), f"{told}: a window was said twice"
        assert set(expected) <= set(rows) <= set(expected) | model.early, told
        model.waiting -= set(rows)
        for window, row in rows.items():
            assert row == model.version(window), told
            assert row[3] > last[window], f"{told}: revision {row[3]} after {last[window]}"
            last[window] = row[3]
        if step[0] == "watermark":
            ends = [row[2] for row in found["rows"]]
            assert ends == sorted(ends), told
        kept_is_little(model, found, told)
    assert found["kept"]["windows"] == []
    assert found["timers"] == 0
    every = {window for at in model.readings for window in model.windows_of(at)}
    assert {window: model.version(window)[3] for window in every} == last


def kept_is_little(model: Model, found: dict[str, Any], told: str) -> None:
    ends = [(key // 10_000 + key % 10_000) * HOUR for key in found["kept"]["windows"]]
    assert [end for end in ends if end - 1 + OPEN_H * HOUR <= model.watermark] == [], told
    longest = max(hours for hours, _ in KINDS)
    # forgotten once a day, the readings of some hours together
    assert all(at > model.newest - (RETENTION_H + longest + SPAN_H) * HOUR - DAY for at in found["kept"]["moments"]), (
        told
    )
    assert all(end - 1 + OPEN_H * HOUR > model.watermark for end in ends), told


# ---- by hand ----


def reading(hour: float, revision: int = 0, temperature: float | None = 1.0, rain: float | None = None) -> Step:
    return ("reading", BEGIN + int(hour * HOUR), revision, temperature, rain)


def watermark(hour: float) -> Step:
    return ("watermark", BEGIN + int(hour * HOUR) - 1)


RESTORE: Step = ("restore",)


def versions(java: Functions, steps: list[Step], hours: int = 1, start: float = 9) -> list[tuple[int, int, int]]:
    """Step, revision and count of each time that one window is said."""
    return [
        (number, row[3], row[4])
        for number, found in enumerate(run(java, steps))
        for row in found["rows"]
        if row[0] == hours and row[1] == BEGIN + int(start * HOUR)
    ]


def test_a_window_is_said_when_the_watermark_passes_its_end(java: Functions) -> None:
    steps = [reading(9), reading(9.5), watermark(9.9), ("watermark", BEGIN + 10 * HOUR - 2), watermark(10)]

    assert versions(java, steps) == [(4, 2, 2)]


def test_a_window_in_full(java: Functions) -> None:
    steps = [reading(9, 0, 5.0, None), reading(9.25, 2, -1.5, None), reading(9.5, 0, None, None), watermark(10)]
    start = BEGIN + 9 * HOUR

    rows = run(java, steps)[-1]["rows"]
    assert rows[0] == [1, start, start + HOUR, 5, 3, 2, 3.5, -1.5, 5.0, 0, None, None, None]
    assert len(rows) == 2, "the hour, and the three hours that end with it"


def test_what_comes_late_is_said_at_once(java: Functions) -> None:
    steps = [reading(9), watermark(10), reading(9.5), watermark(20), reading(9.75), reading(9.25)]

    assert versions(java, steps) == [(1, 1, 1), (2, 2, 2), (4, 3, 3), (5, 4, 4)]


def test_a_revision_replaces_and_raises(java: Functions) -> None:
    steps = [reading(9, 0, 5.0), watermark(10), reading(9, 3, 6.0), reading(9, 2, 7.0), reading(9, 3, 8.0)]

    assert versions(java, steps) == [(1, 1, 1), (2, 4, 1)]


def test_a_window_that_was_forgotten_is_made_anew_even_without_a_watermark(java: Functions) -> None:
    """After a restore the watermark begins again; the correction must not wait for a timer that has nothing to say."""
    steps = [reading(9), reading(20), watermark(21), RESTORE, reading(9.5), reading(9.25), watermark(21)]

    assert versions(java, steps) == [(2, 1, 1), (4, 2, 2), (5, 3, 3)]


def test_a_series_behind_the_others_keeps_nothing_and_loses_nothing(java: Functions) -> None:
    """Its timers would lie before the watermark, where Flink drops them without a word."""
    steps = [watermark(30), reading(9), reading(9.5), reading(31), watermark(40), reading(9.2), reading(9.3)]

    assert [found["kept"]["windows"] for found in run(java, steps)[1:3]] == [[], []]
    assert versions(java, steps) == [(1, 1, 1), (2, 2, 2), (5, 3, 3), (6, 4, 4)]


def test_a_reading_beyond_the_retention_changes_nothing(java: Functions) -> None:
    steps = [reading(9), watermark(10), reading(9 + RETENTION_H), reading(9.0), reading(8.9), reading(9.01)]

    assert versions(java, steps) == [(1, 1, 1), (5, 2, 2)]


def test_a_window_longer_than_the_retention_is_refused(java: Functions) -> None:
    with pytest.raises(FunctionError) as refused:
        java.series("series_windows", VARIABLES, [reading(9)], kinds="72/72", retention_hours=72)

    assert str(refused.value).endswith("expected retention_hours above the longest window of 72 h, found 72")


# ---- at random ----

VALUES = st.none() | st.integers(-50, 50).map(float)
READINGS = st.builds(reading, st.integers(0, 480).map(lambda quarter: quarter / 4), st.integers(0, 2), VALUES, VALUES)
STEPS = st.one_of(
    READINGS,
    READINGS,
    READINGS,
    st.builds(watermark, st.integers(0, 500).map(lambda quarter: quarter / 4)),
    st.just(RESTORE),
)


@settings(max_examples=150)
@given(st.lists(STEPS, max_size=40))
@example([reading(9), reading(20), watermark(21), RESTORE, reading(9.5), watermark(21)])
def test_any_steps(java: Functions, steps: list[Step]) -> None:
    hold(java, steps)


@pytest.mark.parametrize("seed", range(8))
def test_weeks_of_readings_in_disorder(java: Functions, seed: int) -> None:
    """As they come: mostly forward, the watermark a little behind the newest or, of other stations, far ahead of it."""
    rng = random.Random(seed)
    steps: list[Step] = []
    now, ahead = 0.0, rng.choice([-1.0, -0.2, 2.0, 6.0, 30.0])
    for _ in range(500):
        now += rng.choice([0, 0.25, 0.5, 1])
        back = rng.choice([0, 0, 0, 0, 0.5, 2, 5, 24, 70, 71.9, 72, 73, 90])
        at = max(0.0, now - back * rng.choice([1, rng.random()]))
        steps.append(reading(round(at * 12) / 12, rng.choice([0, 0, 0, 1, 2]), rng.choice([None, 3.0, rng.random()])))
        if rng.random() < 0.5:
            steps.append(watermark(now + ahead * rng.random()))
        if rng.random() < 0.02:
            steps.append(RESTORE)
    hold(java, steps)
