"""The catalogue: names, keys, and where refused and late records go, under every prefix."""

import re

import pytest

from contracts.schema import RECORDS
from contracts.topics import DAY_MS, Catalogue, Topic

NAMES = [
    "weather.observations",
    "weather.observations.dlq",
    "weather.observations.late",
    "weather.enriched",
    "weather.enriched.dlq",
    "weather.windows",
    "weather.windows.dlq",
    "weather.anomalies",
    "weather.anomalies.dlq",
    "weather.revisions",
    "weather.revisions.dlq",
    "producer.state",
]


def by_name(catalogue: Catalogue) -> dict[str, Topic]:
    return {topic.name: topic for topic in catalogue.all()}


def test_names() -> None:
    assert [topic.name for topic in Catalogue().all()] == NAMES


def test_a_prefix_stands_before_every_name() -> None:
    assert [topic.name for topic in Catalogue("y2013.").all()] == [f"y2013.{name}" for name in NAMES]


def test_the_observations_may_have_a_name_of_their_own() -> None:
    names = [topic.name for topic in Catalogue("a-", "uk-weather").all()]

    assert names[:3] == ["a-uk-weather", "a-uk-weather.dlq", "a-uk-weather.late"]
    assert names[3:] == [f"a-{name}" for name in NAMES[3:]]


def test_dead_letters_and_late_records_have_topics() -> None:
    catalogue = Catalogue("p.")
    topics = by_name(catalogue)

    for topic in catalogue.all():
        assert topic.dead_letters is None or topic.dead_letters in topics
        assert topic.late is None or topic.late in topics
    assert [name for name, topic in topics.items() if topic.late] == ["p.weather.observations"]
    late, letters = topics["p.weather.observations.late"], topics["p.weather.observations.dlq"]
    assert (late.record, late.key) == (catalogue.observations.record, catalogue.observations.key)
    assert (letters.record, letters.key) == (None, ()), "refused bytes have no form and keep the key they came with"


def test_records_and_keys_are_those_of_the_contracts() -> None:
    topics = [topic for topic in Catalogue().all() if topic.record]

    assert {topic.name: topic.record for topic in topics} == {
        "weather.observations": "weather_observation",
        "weather.observations.late": "weather_observation",
        "weather.enriched": "weather_enriched",
        "weather.windows": "weather_window",
        "weather.anomalies": "weather_anomaly",
        "weather.revisions": "weather_observation",
    }
    for topic in topics:
        assert set(topic.key) <= set(RECORDS[topic.record or ""].identity), "one key's records keep their order"


def test_a_compacted_topic_is_keyed_by_identity() -> None:
    """Compaction keeps the last record of a key: with another key it would lose rows."""
    catalogue = Catalogue()
    compacted = [topic for topic in catalogue.all() if topic.cleanup_policy == "compact"]

    assert compacted == [catalogue.windows, catalogue.revisions, catalogue.poller_state]
    assert [topic.key for topic in compacted if topic.record] == [
        RECORDS[topic.record].identity for topic in compacted if topic.record
    ]
    assert catalogue.poller_state.partitions == 1


def test_configuration_as_kafka_names_it() -> None:
    topics = by_name(Catalogue())

    assert topics["weather.observations"].config() == {"cleanup.policy": "delete", "retention.ms": str(7 * DAY_MS)}
    assert topics["weather.observations.dlq"].config() == {"cleanup.policy": "delete", "retention.ms": "2592000000"}
    assert topics["weather.windows"].config() == {"cleanup.policy": "compact"}


@pytest.mark.parametrize("catalogue", [Catalogue(), Catalogue("a.b-", "uk-weather")])
def test_names_are_ones_that_kafka_takes_and_each_is_there_once(catalogue: Catalogue) -> None:
    names = [topic.name for topic in catalogue.all()]

    assert [name for name in names if not re.fullmatch(r"[a-zA-Z0-9._-]{1,249}", name)] == []
    assert len(set(names)) == len(names)
    assert all(topic.doc for topic in catalogue.all())
