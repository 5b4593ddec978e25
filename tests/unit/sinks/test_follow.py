"""`helm test`: the record that is followed, and what is said when it does not come out."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from contracts import wire
from contracts.settings import KafkaSettings, TopicSettings
from contracts.types import WeatherObservation
from sinks import follow

NOW = datetime(2026, 11, 21, 15, 4, 5, 678, tzinfo=UTC)


class FakeProducer:
    """Remembers what was produced; fails on demand."""

    def __init__(self, error: str | None = None, unsent: int = 0) -> None:
        self.error, self.unsent = error, unsent
        self.produced: list[tuple[Any, ...]] = []

    def produce(self, topic: str, value: bytes, key: bytes, on_delivery: Any) -> None:
        self.produced.append((topic, value, key))
        on_delivery(type("E", (), {"str": lambda _: self.error})() if self.error else None, None)

    def flush(self, _: float) -> int:
        return self.unsent


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dsn = tmp_path / "dsn"
    dsn.write_text("postgresql://nobody@127.0.0.1:1/none")
    monkeypatch.setenv("ISOBAR_SINKS_POSTGRES_DSN_FILE", str(dsn))
    monkeypatch.delenv("ISOBAR_SINKS_POSTGRES_DSN", raising=False)
    monkeypatch.setattr(follow, "POLL_S", 0.0)


def test_the_record_is_one_that_the_contracts_take() -> None:
    record = follow.observation(NOW)

    assert wire.decode(WeatherObservation, wire.encode(record)) == record
    assert (record.source, record.station_id) == ("helm-test", "follow-20261121T150405Z")
    assert record.observed_at == datetime(2026, 11, 21, 14, tzinfo=UTC)


def test_it_is_published_as_the_producer_publishes(monkeypatch: pytest.MonkeyPatch) -> None:
    producer = FakeProducer()
    monkeypatch.setattr(follow, "confluent_producer", lambda *_, **__: producer)
    record = follow.observation(NOW)

    follow.publish(record, KafkaSettings(), TopicSettings(prefix="p."))

    assert producer.produced == [("p.weather.observations", wire.encode(record), record.station_id.encode())]


@pytest.mark.parametrize(
    ("producer", "found"), [(FakeProducer("not allowed"), "not allowed"), (FakeProducer(unsent=1), "no answer")]
)
def test_a_kafka_that_does_not_take_it_is_named(
    monkeypatch: pytest.MonkeyPatch, producer: FakeProducer, found: str
) -> None:
    monkeypatch.setattr(follow, "confluent_producer", lambda *_, **__: producer)

    with pytest.raises(follow.LostError) as error:
        follow.publish(follow.observation(NOW), KafkaSettings(bootstrap_servers="k:1"), TopicSettings())
    assert str(error.value) == f"expected 'weather.observations' at k:1 to take a record, found {found}"


@pytest.mark.usefixtures("settings")
def test_it_waits_until_the_row_is_there(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    answers = iter([False, False, True])
    monkeypatch.setattr(follow, "publish", lambda *_: None)
    monkeypatch.setattr(follow, "arrived", lambda *_: next(answers))

    assert follow.main([]) == 0
    assert "in the database after" in capsys.readouterr().out


@pytest.mark.usefixtures("settings")
def test_a_record_that_does_not_come_out_is_an_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(follow, "publish", lambda *_: None)
    monkeypatch.setattr(follow, "arrived", lambda *_: False)
    monkeypatch.setattr(follow, "observation", lambda _: RECORD)

    assert follow.main(["--timeout-s", "0"]) == 1
    assert capsys.readouterr().err == (
        "error: expected the row of follow-20261121T150405Z in the database within 0 s, found none:"
        " Kafka has the record; look at the job's and the sinks' logs, and for dead letters\n"
    )


RECORD = follow.observation(NOW)


@pytest.mark.usefixtures("settings")
def test_a_database_that_is_not_there_is_an_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(follow, "publish", lambda *_: None)

    assert follow.main([]) == 1
    assert "Connection refused" in capsys.readouterr().err


def test_a_wrong_setting_is_told_apart(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("ISOBAR_SINKS_POSTGRES_DSN_FILE", raising=False)
    monkeypatch.delenv("ISOBAR_SINKS_POSTGRES_DSN", raising=False)

    assert follow.main([]) == 2
    assert capsys.readouterr().err.startswith("error: ISOBAR_SINKS_POSTGRES_DSN is not set: expected ")
