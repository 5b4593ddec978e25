"""`series_history` reading by reading against a model that keeps everything and computes each answer from scratch."""

import random
from statistics import fmean, pstdev
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.jobs.harness import Functions

HOUR = 3_600_000
DAY = 24 * HOUR
BEGIN = 20_000 * DAY
RETENTION_H, LATENESS_S, BASELINE = 72, 600, 5
SPAN_H = 6  # of Readings.java
TRACKED, USUAL = ("temperature_c", "pressure_sea_level_hpa"), ("pressure_sea_level_hpa", "wind_speed_ms")
VARIABLES = ("temperature_c", "pressure_sea_level_hpa", "wind_speed_ms")

Step = tuple[Any, ...]
RESTORE: Step = ("restore",)


def run(java: Functions, steps: list[Step]) -> list[dict[str, Any]]:
    return java.series(
        "series_history",
        VARIABLES,
        steps,
        tracked=", ".join(TRACKED),
        usual=", ".join(USUAL),
        baseline_values=BASELINE,
        lateness_seconds=LATENESS_S,
        retention_hours=RETENTION_H,
    )


class Model:
    """What must be said of each reading."""

    def __init__(self) -> None:
        self.revisions: dict[int, int] = {}
        self.arrived: list[tuple[int, dict[str, float | None]]] = []
        """First arrivals in their order."""

    def step(self, at: int, revision: int, *given: float | None) -> list[Any]:
        values = dict(zip(VARIABLES, given, strict=True))
        newest_at = max((moment for moment, _ in self.arrived), default=at)
        forgotten = at <= newest_at - RETENTION_H * HOUR
        first = not forgotten and at not in self.revisions
        newest = not forgotten and revision > self.revisions.get(at, -1)
        closed = (at // HOUR + 1) * HOUR + LATENESS_S * 1000 <= newest_at
        row: list[Any] = [first, newest, forgotten or (newest and closed)]
        if newest:
            self.revisions[at] = revision
        if not first:
            return row + [None] * (1 + 3 * len(TRACKED) + 3 * len(USUAL))
        row.append(self.arrived[-1][0] if self.arrived else None)
        for name in TRACKED:
            run = [at]
            for moment, before in reversed(self.arrived):
                if values[name] is None or before[name] != values[name]:
                    break
                run.append(moment)
            row += [self.arrived[-1][1][name] if self.arrived else None, run[-1], len(run)]
        same_hour = [before for moment, before in self.arrived if moment // HOUR % 24 == at // HOUR % 24][-BASELINE:]
        for name in USUAL:
            usual = [found for before in same_hour if (found := before[name]) is not None]
            row += [len(usual), pytest.approx(fmean(usual)), pytest.approx(pstdev(usual))] if usual else [0, None, None]
        self.arrived.append((at, values))
        return row


def hold(java: Functions, steps: list[Step]) -> None:
    model = Model()
    for number, (step, found) in enumerate(zip(steps, run(java, steps), strict=True)):
        told = f"step {number} {step}"
        expected = [] if step == RESTORE else [model.step(*step[1:])]
        assert found["rows"] == expected, told
        newest_at = max((moment for moment, _ in model.arrived), default=0)
        assert all(at > newest_at - (RETENTION_H + SPAN_H) * HOUR - DAY for at in found["kept"]["moments"]), told
        assert found["kept"]["baselines"] <= 24, told


def reading(hour: float, revision: int = 0, *values: float | None) -> Step:
    given = [*values, *[None] * (len(VARIABLES) - len(values))]
    return ("reading", BEGIN + int(hour * HOUR), revision, *given)


# ---- by hand ----


def heads(java: Functions, *steps: Step) -> list[tuple[bool, bool, bool]]:
    """first_arrival, newest, late."""
    return [tuple(row[:3]) for found in run(java, list(steps)) for row in found["rows"]]


NOTHING, FIRST, NEWER = (False, False, False), (True, True, False), (False, True, False)
LATE, LATE_REVISION, TOO_LATE = (True, True, True), (False, True, True), (False, False, True)


def test_the_first_arrival_of_a_moment_is_one(java: Functions) -> None:
    steps = [reading(9), reading(9), reading(9, 1), reading(9), reading(9, 1), reading(9, 5), reading(9, 4)]

    assert heads(java, *steps) == [FIRST, NOTHING, NEWER, NOTHING, NOTHING, NEWER, NOTHING]


def test_a_revision_that_comes_first_is_the_first_arrival(java: Functions) -> None:
    assert heads(java, reading(9, 2), reading(9), reading(9, 1)) == [FIRST, NOTHING, NOTHING]


@pytest.mark.parametrize(("newest", "late"), [(10.16, False), (10 + 1 / 6, True)])
def test_a_reading_is_late_once_its_hour_has_closed(java: Functions, newest: float, late: bool) -> None:
    """The lateness of this test is ten minutes, a sixth of an hour."""
    assert heads(java, reading(9), reading(newest), reading(9.5))[-1] == (LATE if late else FIRST)
    assert heads(java, reading(9), reading(newest), reading(9, 1))[-1] == (LATE_REVISION if late else NEWER)


def test_a_late_repeat_is_not_told_again(java: Functions) -> None:
    assert heads(java, reading(9), reading(20), reading(9.5), reading(9.5))[-2:] == [LATE, NOTHING]


def test_beyond_the_retention_all_is_only_late(java: Functions) -> None:
    """Whether it is a repeat cannot be known any more."""
    edge = 9 + RETENTION_H
    steps = [reading(9), reading(9.01), reading(edge), reading(9), reading(9, 1), reading(8), reading(9.01, 1)]

    assert heads(java, *steps)[3:] == [TOO_LATE, TOO_LATE, TOO_LATE, LATE_REVISION]


def test_a_restored_series_goes_on(java: Functions) -> None:
    assert heads(java, reading(9), RESTORE, reading(9), reading(9, 1)) == [FIRST, NOTHING, NEWER]


# ---- at random ----

VALUES = st.none() | st.sampled_from([0.0, -0.0, 1.0, 2.5])
READINGS = st.builds(
    reading, st.integers(0, 400).map(lambda quarter: quarter / 4), st.integers(0, 2), VALUES, VALUES, VALUES
)


@settings(max_examples=150)
@given(st.lists(st.one_of(READINGS, READINGS, READINGS, st.just(RESTORE)), max_size=40))
def test_any_steps(java: Functions, steps: list[Step]) -> None:
    hold(java, steps)


@pytest.mark.parametrize("seed", range(4))
def test_weeks_of_readings_in_disorder(java: Functions, seed: int) -> None:
    rng = random.Random(seed)
    steps: list[Step] = []
    now = 0.0
    for _ in range(500):
        now += rng.choice([0, 0.5, 1, 1])
        back = rng.choice([0, 0, 0, 0, 0.5, 2, 24, 71.9, 72, 73])
        values = [rng.choice([None, 7.0, 7.0, rng.gauss(0, 10)]) for _ in VARIABLES]
        steps.append(reading(round(max(0.0, now - back) * 12) / 12, rng.choice([0, 0, 0, 1, 2]), *values))
        if rng.random() < 0.02:
            steps.append(RESTORE)
    hold(java, steps)
