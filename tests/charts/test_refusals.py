"""What the charts refuse, by exact text: a wrong value is a sentence before anything is installed."""

from typing import Any

import pytest

from tests.charts.rendering import PRESETS, refusal, template

RENDERED_ONLY = {"apiChecks": False}

SENTENCES: list[tuple[str, str, dict[str, Any], str]] = [
    (
        "replication above brokers",
        "isobar",
        {"kafka.strimzi.replicationFactor": 5},
        "kafka.strimzi.replicationFactor is 5: expected at most 3, the brokers of kafka.strimzi.nodePools",
    ),
    (
        "min ISR above replication",
        "isobar",
        {"kafka.strimzi.minInsyncReplicas": 4},
        "kafka.strimzi.minInsyncReplicas is 4: expected at most 3, which is kafka.strimzi.replicationFactor",
    ),
    (
        "min ISR equal to replication",
        "isobar",
        {"kafka.strimzi.minInsyncReplicas": 3},
        (
            "kafka.strimzi.minInsyncReplicas equals kafka.strimzi.replicationFactor, 3: expected fewer,"
            " or one broker that restarts stops every write"
        ),
    ),
    (
        "no broker",
        "kafka",
        {"strimzi.nodePools": [{"name": "c", "replicas": 3, "roles": ["controller"], "storage": {"size": "1Gi"}}]},
        "kafka.strimzi.nodePools has no replica with the role broker: expected at least 1",
    ),
    (
        "an even number of controllers",
        "kafka",
        {
            "strimzi.nodePools": [
                {"name": "d", "replicas": 4, "roles": ["controller", "broker"], "storage": {"size": "1Gi"}}
            ]
        },
        (
            "kafka.strimzi.nodePools has 4 replicas with the role controller:"
            " expected an odd number, so that a majority can be had"
        ),
    ),
    (
        "exactly-once with a short transaction timeout",
        "isobar",
        {"flink.settings.transactionTimeoutMs": 60_000, "flink.settings.checkpointIntervalMs": 5000},
        (
            "flink.settings.transactionTimeoutMs is 60000: exactly-once needs at least 125000"
            " (flink.settings.checkpointIntervalMs + a restart of 120 s),"
            " or a slow restart loses what it had checkpointed"
        ),
    ),
    (
        "a transaction timeout above the broker's",
        "isobar",
        {"flink.settings.transactionTimeoutMs": 1_000_000},
        (
            "flink.settings.transactionTimeoutMs is 1000000: expected at most 900000, which brokers of these charts"
            " allow (transaction.max.timeout.ms)"
        ),
    ),
    (
        "fewer slots than the parallelism",
        "isobar",
        {"flink.provider": "standalone", "flink.settings.parallelism": 3},
        (
            "flink.taskManager.replicas × flink.taskManager.slots is 2: expected at least flink.settings.parallelism,"
            " which is 3, or the job waits for slots for ever"
        ),
    ),
    (
        "S3 without a bucket",
        "isobar",
        {"flink.state.storage": "s3"},
        "flink.state.s3.uri is empty: expected s3://bucket/path (flink.state.storage is s3)",
    ),
    (
        "an external Kafka without an address",
        "isobar",
        {"kafka.provider": "external"},
        (
            "kafka.external.bootstrapServers is empty: expected host:port of the Kafka that exists"
            " (kafka.provider is external)"
        ),
    ),
    (
        "no database",
        "isobar",
        {"postgres.enabled": False},
        (
            "sinks.postgres.existingSecret is empty: expected the name of a Secret with your database's connection"
            " string (postgres.enabled is false)"
        ),
    ),
    (
        "a poller without a key",
        "isobar",
        {"producer.weather.openweather": {"enabled": True, "places": ["a=1,2"]}},
        (
            "producer.weather.openweather.existingSecret is empty:"
            " expected the name of a Secret with the API key under api-key"
        ),
    ),
    (
        "a poller without places",
        "isobar",
        {"producer.weather.metoffice": {"enabled": True, "existingSecret": "key"}},
        "producer.weather.metoffice.places is empty: expected places such as london=51.51,-0.13",
    ),
    (
        "two paces",
        "isobar",
        {"producer.replay": {"enabled": True, "speed": 2, "rate": 3}},
        (
            "producer.replay.speed and producer.replay.rate are both set: expected one of them"
            " (event seconds per second, or records per second)"
        ),
    ),
]


@pytest.mark.parametrize(
    ("chart", "values", "sentence"), [case[1:] for case in SENTENCES], ids=[case[0] for case in SENTENCES]
)
def test_a_mistake_across_values_is_a_sentence(chart: str, values: dict[str, Any], sentence: str) -> None:
    assert refusal(chart, values) == sentence


def test_missing_operators_are_one_sentence() -> None:
    assert refusal("isobar", {}, apis=()) == (
        "the cluster has no kafka.strimzi.io/v1 (Strimzi) and no flink.apache.org/v1beta1 (the Flink Kubernetes"
        " Operator): run scripts/install-operators, or install with -f charts/isobar/values-no-operators.yaml"
        " (--set apiChecks=false only renders)"
    )
    assert refusal("isobar", {}, apis=("flink.apache.org/v1beta1",)) == (
        "the cluster has no kafka.strimzi.io/v1 (Strimzi): run scripts/install-operators, or install with"
        " -f charts/isobar/values-no-operators.yaml (--set apiChecks=false only renders)"
    )


@pytest.mark.parametrize(
    ("chart", "sentence"),
    [
        (
            "kafka",
            (
                "the cluster has no kafka.strimzi.io/v1: run scripts/install-operators for Strimzi, or install with"
                " --set provider=standalone (--set apiChecks=false only renders)"
            ),
        ),
        (
            "jobs",
            (
                "the cluster has no flink.apache.org/v1beta1: run scripts/install-operators for the Flink Kubernetes"
                " Operator, or install with --set provider=standalone (--set apiChecks=false only renders)"
            ),
        ),
    ],
)
def test_a_part_alone_says_it_of_its_own_operator(chart: str, sentence: str) -> None:
    assert refusal(chart, {}, apis=()) == sentence


def test_rendering_needs_no_operator() -> None:
    assert template("isobar", RENDERED_ONLY, apis=())
    assert template("isobar", files=PRESETS["no-operators"], apis=())


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        (
            {"kafka.provider": "stimzi"},
            "- at '/kafka/provider': value must be one of 'strimzi', 'standalone', 'external'",
        ),
        ({"flink.provider": "yarn"}, "- at '/flink/provider': value must be one of 'operator', 'standalone'"),
        ({"sinks.replica": 2}, "- at '/sinks': additional properties 'replica' not allowed"),
        ({"sinks.replicas": "two"}, "- at '/sinks/replicas': got string, want integer"),
        ({"producer.settings.apiKey": "x"}, "- at '/producer/settings': additional properties 'apiKey' not allowed"),
        ({"redis.enabled": True}, "- at '': additional properties 'redis' not allowed"),
    ],
)
def test_a_wrong_value_is_refused_by_the_schema(values: dict[str, Any], sentence: str) -> None:
    assert refusal("isobar", values).splitlines()[0] == sentence
