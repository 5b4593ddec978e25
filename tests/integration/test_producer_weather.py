"""The poller against a real broker and a provider on 127.0.0.1: memory, revisions, singleton, fencing."""

import json
import re
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from contracts import wire
from contracts.settings import KafkaSettings
from contracts.topics import Catalogue
from contracts.types import WeatherObservation
from local.ports import free_port
from producer import ledger as ledgers
from producer.errors import DeliveryError, FencedError
from producer.ledger import TransactionalLedger
from producer.state_topic import restore
from tests.fixtures.answers import METOFFICE_NEAREST, OPENWEATHER_CURRENT, metoffice_hours
from tests.fixtures.brokers import make_topics, read_all, running_broker
from tests.fixtures.observations import observation
from tests.fixtures.producer_process import ProducerProcess
from tests.fixtures.provider_server import Answer, ProviderServer, serving

pytestmark = pytest.mark.integration

NEAREST, OBSERVATIONS = "/observation-land/1/nearest", "/observation-land/1/gcpsvg"
KEY = "integration-key-8c1f"
ONE_PLACE = ("weather", "--source", "metoffice", "--places", "london=51.51,-0.13")


@pytest.fixture(scope="module")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaSettings]:
    with running_broker(tmp_path_factory.mktemp("broker")) as broker:
        yield broker.client_settings


@pytest.fixture
def topics(kafka: KafkaSettings, request: pytest.FixtureRequest) -> Catalogue:
    """A family of topics of the test's own."""
    catalogue = Catalogue(re.sub(r"[^a-z0-9]+", "-", request.node.name) + ".")
    make_topics(kafka, [catalogue.observations, catalogue.poller_state])
    return catalogue


@pytest.fixture
def provider() -> Iterator[ProviderServer]:
    with serving() as server:
        server.answers[NEAREST] = [Answer(body=json.dumps(METOFFICE_NEAREST).encode())]
        yield server


def last_hour() -> datetime:
    return datetime.now(UTC).replace(minute=0, second=0, microsecond=0)


def poll(kafka: KafkaSettings, topics: Catalogue, provider: ProviderServer, *arguments: str) -> ProducerProcess:
    return ProducerProcess(
        *(arguments or (*ONE_PLACE, "--once")),
        kafka=kafka,
        ISOBAR_TOPICS_PREFIX=topics.prefix,
        ISOBAR_PRODUCER_METOFFICE_BASE_URL=provider.url,
        ISOBAR_PRODUCER_METOFFICE_API_KEY=KEY,
        ISOBAR_PRODUCER_OPENWEATHER_BASE_URL=provider.url,
        ISOBAR_PRODUCER_OPENWEATHER_API_KEY=KEY,
    )


def published(kafka: KafkaSettings, topics: Catalogue) -> list[WeatherObservation]:
    return [
        wire.decode(WeatherObservation, message.value() or b"") for message in read_all(kafka, topics.observations.name)
    ]


def test_restart_neither_publishes_again_nor_spends_twice(
    kafka: KafkaSettings, topics: Catalogue, provider: ProviderServer
) -> None:
    rows = metoffice_hours(last_hour())
    provider.answers[OBSERVATIONS] = [Answer(body=json.dumps(rows).encode())]

    with poll(kafka, topics, provider) as first:
        assert first.end() == 0, first.errors
    assert f"weather: done: 48 records sent to '{topics.observations.name}' and committed" in first.errors
    assert restore(kafka, topics.poller_state, "metoffice").spent(provider.host).today == 2

    with poll(kafka, topics, provider) as second:
        assert second.end() == 0, second.errors
    assert f"weather: done: 0 records sent to '{topics.observations.name}' and committed" in second.errors

    assert provider.paths() == [NEAREST, OBSERVATIONS, OBSERVATIONS]
    records = published(kafka, topics)
    assert Counter(record.revision for record in records) == {0: 48}
    assert len({record.observed_at for record in records}) == 48
    assert restore(kafka, topics.poller_state, "metoffice").spent(provider.host).today == 3
    everything = b"".join(m.value() or b"" for m in read_all(kafka, topics.poller_state.name))
    assert KEY not in first.errors + second.errors + everything.decode()


def test_changed_content_rises_in_revision_and_new_hours_join(
    kafka: KafkaSettings, topics: Catalogue, provider: ProviderServer
) -> None:
    last = last_hour()
    before = metoffice_hours(last - timedelta(hours=1))
    after = metoffice_hours(last)
    after[5]["temperature"] = 21.5
    provider.answers[OBSERVATIONS] = [Answer(body=json.dumps(rows).encode()) for rows in (before, after)]

    for _ in range(2):
        with poll(kafka, topics, provider) as process:
            assert process.end() == 0, process.errors

    by_time: dict[datetime, list[WeatherObservation]] = {}
    for record in published(kafka, topics):
        by_time.setdefault(record.observed_at, []).append(record)
    changed_at = datetime.fromisoformat(after[5]["datetime"])
    assert [(r.revision, r.temperature_c) for r in by_time[changed_at]] == [(0, 8.0), (1, 21.5)]
    assert [r.revision for r in by_time[last]] == [0]
    assert {moment: len(records) for moment, records in by_time.items() if len(records) > 1} == {changed_at: 2}
    assert len(by_time) == 49


def _bytes(value: object) -> bytes:
    assert isinstance(value, bytes)
    return value


def test_each_record_has_the_station_as_key_and_a_trace(
    kafka: KafkaSettings, topics: Catalogue, provider: ProviderServer
) -> None:
    provider.answers["/data/2.5/weather"] = [Answer(body=json.dumps(OPENWEATHER_CURRENT).encode())]
    arguments = ("weather", "--source", "openweather", "--places", "london=51.5085,-0.1257", "--once")
    with poll(kafka, topics, provider, *arguments) as process:
        assert process.end() == 0, process.errors
    (message,) = read_all(kafka, topics.observations.name)
    assert message.key() == b"2643743"
    headers = dict(message.headers() or [])
    assert re.fullmatch(rb"00-[0-9a-f]{32}-[0-9a-f]{16}-01", _bytes(headers["traceparent"]))


@pytest.mark.timeout(240)
def test_second_poller_waits_third_with_once_refuses_and_a_kill_hands_over(
    kafka: KafkaSettings, topics: Catalogue, provider: ProviderServer
) -> None:
    provider.answers[OBSERVATIONS] = [Answer(body=json.dumps(metoffice_hours(last_hour())).encode())]
    forever = (*ONE_PLACE, "--interval-s", "600")
    group = f"{topics.poller_state.name}.poller.metoffice"
    holds = f"another poller of 'metoffice' runs (consumer group '{group}')"
    with poll(kafka, topics, provider, *forever) as first:
        deadline = time.monotonic() + 60
        while len(published(kafka, topics)) < 48:
            assert time.monotonic() < deadline, first.errors
            time.sleep(0.5)
        with (
            poll(kafka, topics, provider, *forever) as second,
            poll(kafka, topics, provider, *ONE_PLACE, "--once") as third,
        ):
            assert third.end() == 1
            assert (
                f"error: {holds}: expected none; --once does not wait, so stop that one or let it do the work\n"
                in third.errors
            )
            second.wait_for(re.escape(f"{holds}: waiting until it ends\n"))
            asked_by_first = len(provider.asked)
            assert first.process.poll() is None, "the holder must keep its lease when others come"

            first.signal(signal.SIGKILL)
            second.wait_for("the other poller of 'metoffice' has ended: going on")
            deadline = time.monotonic() + 60
            while len(provider.asked) == asked_by_first:
                assert time.monotonic() < deadline, second.errors
                time.sleep(0.2)
            second.signal(signal.SIGTERM)
            assert second.end() == 0
            assert "weather: stopped by SIGTERM: 0 records sent" in second.errors
    assert Counter(record.revision for record in published(kafka, topics)) == {0: 48}


def test_woken_poller_is_fenced_and_nothing_of_its_step_is_visible(kafka: KafkaSettings, topics: Catalogue) -> None:
    sleeper = TransactionalLedger(kafka, topics, "metoffice")
    sleeper.commit([observation()], {"metoffice/place/a": b"gcpsvg"})
    successor = TransactionalLedger(kafka, topics, "metoffice")
    with pytest.raises(FencedError) as refused:
        sleeper.commit([observation(station_id="woken1")], {"metoffice/place/a": b"woken1"})
    assert str(refused.value) == (
        "another poller of 'metoffice' has taken over while this one was away;"
        " this one ends without publishing, the other goes on"
    )
    successor.commit([observation(station_id="after1")], {})
    sleeper.close()
    successor.close()
    assert {record.station_id for record in published(kafka, topics)} == {"gcpsvg", "after1"}
    assert [m.value() for m in read_all(kafka, topics.poller_state.name)] == [b"gcpsvg"]


def test_memory_behind_the_open_transaction_of_another_source_is_waited_for(
    kafka: KafkaSettings, topics: Catalogue
) -> None:
    other = TransactionalLedger(kafka, topics, "openweather")
    other._producer.begin_transaction()
    other._producer.send(topics.poller_state.name, b"{}", b"openweather/host/h").get(10)
    ours = TransactionalLedger(kafka, topics, "metoffice")
    station = {"metoffice/place/51.5,-0.1": b"gcpsvg"}
    ours.commit([], station)

    with pytest.raises(DeliveryError) as impatient:
        restore(kafka, topics.poller_state, "metoffice", patience_s=1)
    assert str(impatient.value).startswith(f"expected to read '{topics.poller_state.name}' to offset ")

    timer = threading.Timer(2.0, other._producer.commit_transaction)
    timer.start()
    state = restore(kafka, topics.poller_state, "metoffice")
    timer.join()
    assert state._locations == {"51.5,-0.1": "gcpsvg"}
    other.close()
    ours.close()


def test_missing_topic_and_missing_broker_are_sentences(kafka: KafkaSettings, provider: ProviderServer) -> None:
    nobody = KafkaSettings(bootstrap_servers=f"127.0.0.1:{free_port()}")
    with poll(kafka, Catalogue("absent."), provider) as process, poll(nobody, Catalogue(), provider) as other:
        assert process.end() == 1
        assert other.end() == 1
    assert process.errors == (
        f"error: expected topic 'absent.producer.state' with 1 partition(s) at {kafka.bootstrap_servers},"
        " found no such topic; create it (python -m local topics)\n"
    )
    assert other.errors == (
        f"error: expected a Kafka broker at {nobody.bootstrap_servers}, found none ready within 15 s (Kafka"
        f"TimeoutError: Unable to bootstrap from ['{nobody.bootstrap_servers}']); start one (python -m local up)"
        " or set ISOBAR_KAFKA_BOOTSTRAP_SERVERS\n"
    )
    assert provider.asked == []


def test_cassette_recorded_here_plays_the_same_records_without_the_network(
    kafka: KafkaSettings, topics: Catalogue, provider: ProviderServer, tmp_path: Path
) -> None:
    tape = tmp_path / "tape.jsonl"
    provider.answers[OBSERVATIONS] = [Answer(body=json.dumps(metoffice_hours(last_hour())).encode())]
    with poll(kafka, topics, provider, *ONE_PLACE, "--once", "--dry-run", "--record", str(tape)) as live:
        assert live.end() == 0, live.errors
    asked = len(provider.asked)
    assert KEY not in tape.read_text()
    with poll(kafka, topics, provider, *ONE_PLACE, "--cassette", str(tape)) as played:
        assert played.end() == 0, played.errors
    assert len(provider.asked) == asked

    def content(record: WeatherObservation) -> tuple[object, ...]:
        return tuple(value for name, value in record.__rich_repr__() if name != "ingested_at")

    live_records = [wire.decode(WeatherObservation, line.encode()) for line in live.output.splitlines()]
    assert len(live_records) == 48
    assert sorted(map(str, map(content, live_records))) == sorted(map(str, map(content, published(kafka, topics))))


def test_ledger_timeout_stays_under_what_restore_waits_for() -> None:
    from producer import state_topic

    assert state_topic.PATIENCE_S * 1000 > ledgers.TRANSACTION_TIMEOUT_MS
