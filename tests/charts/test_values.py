"""Every value is read: with another one the chart renders something else, or refuses it by a sentence of its own.

Found by changing each value alone, under the circumstances in which it matters. A value that nothing reads is a promise
that nobody keeps.
"""

import json
from typing import Any

import pytest

from scripts import values_schema
from scripts.helm import HelmError
from tests.charts.rendering import template

Values = dict[str, Any]

OWN_KAFKA = {"kafka.bootstrapServers": "k:9092", "kafka.caSecret": "ca"}
POLLER = {"enabled": True, "places": ["a=1,2"], "existingSecret": "key"}
REPLAY = {"replay.enabled": True, "replay.asOf": "2026-01-01T00:00:00Z"}
S3 = {"state.storage": "s3", "state.s3.uri": "s3://b/c", "state.s3.endpoint": "http://s3:9000"}

CIRCUMSTANCES: dict[str, list[Values]] = {
    "kafka": [
        {"strimzi.rackTopologyKey": "zone"},
        {"provider": "standalone"},
        {"provider": "external", "external.bootstrapServers": "k:9092", "external.caCertificate": "PEM"},
    ],
    "jobs": [
        {"operator.autoscaler.enabled": True, "state.restoreFrom": "s3://b/c/savepoint"},
        {"provider": "standalone"},
        {"operator.mode": "standalone", **S3, "state.s3.existingSecret": "s3"},
        {"provider": "standalone", **OWN_KAFKA},
    ],
    "producer": [
        {"weather.metoffice": POLLER, "weather.openweather": POLLER, **REPLAY},
        {"weather.metoffice": POLLER, **OWN_KAFKA},
        {"weather.metoffice": POLLER, "replay.speed": 2, **REPLAY},
    ],
    "sinks": [{}, {**OWN_KAFKA, "postgres.existingSecret": "db"}],
    "postgres": [{}, {"auth.existingSecret": "db"}],
    "isobar": [{"kafka.provider": "standalone", "flink.provider": "standalone"}, {"kafka.provider": "standalone"}],
}

ANOTHER: Values = {
    "strimzi.nodePools": [{"name": "x", "replicas": 3, "roles": ["controller", "broker"], "storage": {"size": "1Gi"}}],
    "strimzi.version": "4.3.0",
    "state.s3.endpoint": "https://s3:9001",
    "weather.metoffice.enabled": False,
    "weather.metoffice.places": ["b=3,4"],
    "weather.openweather.places": ["b=3,4"],
    "external.bootstrapServers": "k:9093",
    "kafka.bootstrapServers": "k:9093",
    "networkPolicy.apiServerPorts": [1234],
    "jobManager.processMemory": "2048m",
    "taskManager.processMemory": "2048m",
}

READ_BY_HELM_ONLY = {"kafka.enabled", "flink.enabled", "producer.enabled", "sinks.enabled", "postgres.enabled"}
"""Conditions of dependencies: that they leave a part out is a test of its own below."""

ASKS_THE_CLUSTER = {"apiChecks", "kafka.apiChecks", "flink.apiChecks"}
"""Seen only where the cluster lacks an operator: test_refusals.py."""


def leaves(schema: Values, path: str = "") -> dict[str, Values]:
    """Schemas of values without keys of their own, by path."""
    found: dict[str, Values] = {}
    for name, child in schema.get("properties", {}).items():
        full = f"{path}.{name}" if path else name
        found |= leaves(child, full) if child.get("properties") else {full: child}
    return found


def another(path: str, schema: Values) -> Any:
    """A value that the schema allows, other than the default."""
    if path in ANOTHER:
        return ANOTHER[path]
    default = schema.get("default")
    if "enum" in schema:
        return next(value for value in reversed(schema["enum"]) if value != default)
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    match kinds[0]:
        case "boolean":
            return not default
        case "integer" | "number":
            return (default or 0) + 1
        case "string":
            return f"{default or ''}x"
        case "array":
            return ["x"] if schema["items"]["type"] == "string" else [] if default else [{"key": "x"}]
        case "object":
            return {**(default or {}), "x.y": "z"} if "x.y" not in (default or {}) else {}
    raise AssertionError(f"{path}: {schema}")


def rendered(chart: str, values: Values) -> str:
    """The manifests as text, or the sentence of a refusal; random passwords left out."""
    try:
        manifests = template(chart, values)
    except HelmError as error:
        text = str(error)
        assert "don't meet the specifications of the schema" not in text, text
        return text.split("): ", 1)[-1]
    for manifest in manifests:
        if manifest["kind"] == "Secret":
            manifest.pop("data", None)
            manifest.pop("stringData", None)
    return json.dumps(manifests)


@pytest.mark.parametrize("chart", CIRCUMSTANCES)
@pytest.mark.timeout(900)
def test_every_value_is_read(chart: str) -> None:
    unread = []
    for path, schema in leaves(values_schema.declared(chart)).items():
        if path in READ_BY_HELM_ONLY | ASKS_THE_CLUSTER:
            continue
        for circumstances in CIRCUMSTANCES[chart]:
            changed = {**circumstances, path: another(path, schema)}
            if rendered(chart, changed) != rendered(chart, circumstances):
                break
        else:
            unread.append(path)

    assert unread == []


@pytest.mark.parametrize("part", ["kafka", "flink", "producer", "sinks", "postgres"])
def test_a_part_can_be_left_out(part: str) -> None:
    values: Values = {f"{part}.enabled": False, "sinks.postgres.existingSecret": "db", "producer.replay.enabled": True}
    name = {"flink": "jobs"}.get(part, part)
    found = {m["metadata"]["labels"]["app.kubernetes.io/name"] for m in template("isobar", values)}

    assert name not in found
    assert len(found) >= 4
