"""Headers that every component writes alike, and the endpoint that every component serves."""

import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from urllib.request import urlopen

import pytest

from contracts import dead_letter, metrics


def test_headers_in_full() -> None:
    moment = datetime(2026, 11, 20, 9, tzinfo=UTC)

    assert dead_letter.headers("expected an Ærø", "sink-postgres", "weather.enriched", 3, 41, 2, moment) == [
        ("reason", "expected an Ærø".encode()),
        ("component", b"sink-postgres"),
        ("source-topic", b"weather.enriched"),
        ("source-partition", b"3"),
        ("source-offset", b"41"),
        ("failed-at", b"2026-11-20T09:00:00Z"),
        ("attempt", b"2"),
    ]


def test_a_first_failure_is_one_of_this_moment() -> None:
    before = datetime.now(UTC)
    headers = dict(dead_letter.headers("r", "c", "t", 0, 0))
    after = datetime.now(UTC)

    assert headers["attempt"] == b"1"
    assert before <= datetime.fromisoformat(headers["failed-at"].decode()) <= after
    assert tuple(headers) == dead_letter.HEADERS


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that somebody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_metrics_are_served_with_the_build() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    metrics.serve(port, "a-test")

    with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    assert f'isobar_build_info{{component="a-test",version="{metrics.isobar_version()}"}} 1.0' in lines


def test_a_taken_port_is_a_sentence(taken: int) -> None:
    with pytest.raises(OSError, match="cannot be opened") as refused:
        metrics.serve(taken, "a-test")
    assert refused.value.strerror == (
        f"metrics port 127.0.0.1:{taken} cannot be opened (Address already in use); choose another"
    )


def test_a_checkout_says_that_it_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "version", lambda name: version(f"{name}-was-never-installed"))

    assert metrics.isobar_version() == "0+checkout"
