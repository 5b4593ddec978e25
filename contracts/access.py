"""Who may do what in Kafka: per component the least that it needs, in terms of the topic catalogue.

Kafka's authorizer refuses what is not listed here, so a component that starts to read another topic says so here
first. The form of a rule is that of Strimzi's KafkaUser; charts take it from a generated file, and so does the
evaluation broker (`contracts.provision`). Consumer groups and transactional ids are prefixes: a job adds a name per
sink to its id.
"""

from collections.abc import Iterable
from typing import Any

from contracts.topics import Catalogue, Topic

JOB_ID_PREFIX = "process-weather"
"""The job's default id begins its consumer group and its transactional ids; a test compares it with jobs.settings."""

SINK_GROUP_PREFIX = "isobar-sink-"
"""The sinks' default groups begin so; a test compares it with sinks.settings."""

Rule = dict[str, Any]

READ, WRITE = ("Read", "Describe"), ("Write", "Describe")


def _topics(topics: Iterable[Topic | None], operations: tuple[str, ...]) -> list[Rule]:
    return [_rule("topic", topic.name, "literal", operations) for topic in topics if topic]


def _rule(kind: str, name: str, pattern: str, operations: tuple[str, ...]) -> Rule:
    return {"resource": {"type": kind, "name": name, "patternType": pattern}, "operations": list(operations)}


def rules(catalogue: Catalogue) -> dict[str, list[Rule]]:
    """The rules of each component."""
    c = catalogue
    results = (c.enriched, c.windows, c.anomalies, c.revisions)
    poller = f"{c.poller_state.name}.poller."
    return {
        "producer": [
            *_topics([c.observations], WRITE),
            _rule("topic", c.poller_state.name, "literal", ("Read", "Write", "Describe")),
            _rule("group", poller, "prefix", ("Read", "Describe")),
            _rule("transactionalId", poller, "prefix", WRITE),
        ],
        "jobs": [
            *_topics([c.observations], READ),
            *_topics([c.dead_letters(c.observations), c.late(c.observations), *results], WRITE),
            _rule("group", JOB_ID_PREFIX, "prefix", ("Read", "Describe")),
            _rule("transactionalId", JOB_ID_PREFIX, "prefix", WRITE),
        ],
        "sinks": [
            *_topics(results, READ),
            *_topics([c.dead_letters(topic) for topic in results], WRITE),
            _rule("group", SINK_GROUP_PREFIX, "prefix", ("Read", "Describe")),
        ],
    }
