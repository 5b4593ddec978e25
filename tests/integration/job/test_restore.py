"""A job that was stopped goes on where it stood, with another parallelism and other settings.

What tells restored state from a fresh start: without it, the source would begin at the topic's beginning again, all
first arrivals would be emitted once more, and windows would count from one.
"""

from datetime import timedelta
from typing import Any

import pytest

from contracts import wire
from contracts.types import WeatherObservation
from local.flink import Flink
from tests.fixtures.observations import NINE, observation
from tests.integration.job.closers import CLOSER, send_closers
from tests.integration.job.conftest import Make
from tests.integration.job.harness import SCRIPT, JobHarness

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]

STATIONS = [f"restored-{number}" for number in range(24)]


def minute(minute: int, **values: Any) -> list[WeatherObservation]:
    """One record of each station, so many minutes after nine."""
    moment = NINE + timedelta(minutes=minute)
    return [observation(station_id=station, observed_at=moment, **values) for station in STATIONS]


def tell(harness: JobHarness, records: list[WeatherObservation]) -> None:
    for record in records:
        harness.send(harness.catalogue.observations.name, record.station_id.encode(), wire.encode(record))
    assert harness.producer.flush(30) == 0


def first_arrivals(harness: JobHarness) -> int:
    keys = [message.key() for message in harness.read("enriched")]
    return len([key for key in keys if key and not key.startswith(CLOSER.encode())])


def settle(harness: JobHarness) -> None:
    """Until all is written, windows as well."""
    send_closers(harness, NINE + timedelta(hours=12))
    harness.settle()


def windows(harness: JobHarness) -> set[tuple[Any, ...]]:
    """Of nine o'clock, without their stations: all must be alike."""
    rows = [row for row in harness.table("weather_window") if row["window_kind"] == "h1" and row["source"] != CLOSER]
    assert sorted(row["station_id"] for row in rows) == sorted(STATIONS)
    names = ("window_start", "revision", "observation_count", "temperature_min_c", "temperature_max_c")
    return {tuple(row[name] for name in names) for row in rows}


def restored_from(flink: Flink, job_id: str) -> str:
    restored = flink.rest.get(f"/jobs/{job_id}/checkpoints")["latest"]["restored"]
    return str(restored["external_path"]) if restored else ""


def test_state_outlives_other_parallelism_and_settings(make: Make) -> None:
    harness = make()
    flink = harness.stack.flink
    harness.sink("sink", "enriched", "windows", "anomalies", "revisions")
    first = harness.submit(parallelism=2, checkpoint_interval_ms=1000)
    assert restored_from(flink, first) == ""
    tell(harness, minute(0, temperature_c=5.0))
    harness.settle()
    assert first_arrivals(harness) == 24
    assert harness.table("weather_window") == [], "they are open: sums and timers are in state only"

    # cancelled: the retained checkpoint is what is left
    flink.cancel(first)
    tell(harness, minute(0, temperature_c=5.0))
    tell(harness, minute(20, temperature_c=6.0))
    second = harness.submit(restore=True, parallelism=3, checkpoint_interval_ms=700, idle_timeout_s=5)
    assert "/chk-" in restored_from(flink, second)
    settle(harness)
    assert first_arrivals(harness) == 48
    assert windows(harness) == {(NINE, 2, 2, 5.0, 6.0)}

    # stopped with a savepoint
    flink.stop_with_savepoint(SCRIPT, second)
    tell(harness, minute(20, temperature_c=6.0))
    tell(harness, minute(0, temperature_c=9.0, revision=1))
    third = harness.submit(restore=True, parallelism=1)
    assert "/savepoint-" in restored_from(flink, third)
    settle(harness)
    assert first_arrivals(harness) == 48
    assert windows(harness) == {(NINE, 3, 2, 6.0, 9.0)}
    assert len(harness.read("revisions")) == 24
    assert harness.restarts() == 0
