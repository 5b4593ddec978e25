"""Every setting of every deployable can be reached from values, and every value under `settings` is a setting's."""

from typing import Any

import pytest

from contracts.settings import KafkaSettings, Settings, TopicSettings
from jobs.settings import LONGEST_RESTART_S, JobSettings
from producer.settings import ProducerSettings
from sinks.settings import SinkSettings
from tests.charts.rendering import NAMESPACE, RELEASE, one, refusal, template

# Many renderings, each a process of its own: seconds here, minutes on a busy machine.
pytestmark = pytest.mark.timeout(400)

BY_FILE = {"ISOBAR_PRODUCER_METOFFICE_API_KEY", "ISOBAR_PRODUCER_OPENWEATHER_API_KEY", "ISOBAR_SINKS_POSTGRES_DSN"}
"""Secrets come as mounted files; the variables beside them are for shells."""

NOT_IN_IMAGES = {"ISOBAR_JOBS_CONNECTOR_JARS"}
"""For runs without a cluster: in images the jars are in Flink's own lib folder."""

MTLS = {"ISOBAR_KAFKA_SSL_CERTIFICATE_LOCATION", "ISOBAR_KAFKA_SSL_KEY_LOCATION"}
"""The charts' users have passwords; mTLS is set by extraEnv and a Secret of one's own (docs/security.md)."""

BOOTSTRAP = f"{RELEASE}-kafka-bootstrap.{NAMESPACE}.svc"

CHART_OF: dict[str, tuple[type[Settings], dict[str, Any]]] = {
    "jobs": (JobSettings, {"provider": "standalone"}),
    "producer": (ProducerSettings, {}),
    "sinks": (SinkSettings, {}),
}


def environment(chart: str, values: dict[str, Any]) -> dict[str, str]:
    """What the chart's ConfigMap says."""
    name = f"{RELEASE}-{chart}"
    data: dict[str, str] = one(template(chart, values), "ConfigMap", name)["data"]
    return data


def other(value: Any) -> Any:
    """Another value of the same type, one that every class accepts where the test does not name one."""
    return value + 1 if isinstance(value, int) else f"{value}x"


CHOSEN = {
    "ISOBAR_JOBS_DELIVERY_GUARANTEE": "at-least-once",
    "ISOBAR_JOBS_OBSERVATIONS_PER_HOUR": 2.5,
    "ISOBAR_JOBS_PARALLELISM": 2,
    "ISOBAR_PRODUCER_LOG_LEVEL": "DEBUG",
    "ISOBAR_PRODUCER_METOFFICE_WIND_UNIT": "kn",
    "ISOBAR_PRODUCER_HTTP_TIMEOUT_S": 2.5,
    "ISOBAR_SINKS_GROUP_ID": "isobar-sink-mine",
    "ISOBAR_SINKS_STARTUP_TIMEOUT_S": 2.5,
}
"""Values of settings whose type allows no neighbour."""

ELSEWHERE = {"ISOBAR_JOBS_CHECKPOINT_DIR", "ISOBAR_SINKS_POSTGRES_DSN_FILE"}
"""Settings that are not under `settings`, because more than the program depends on them."""


def camel(field: str) -> str:
    first, *rest = field.split("_")
    return first + "".join(word.capitalize() for word in rest)


@pytest.mark.parametrize("chart", CHART_OF)
def test_every_setting_is_reachable(chart: str) -> None:
    cls, values = CHART_OF[chart]
    for field, info in cls.model_fields.items():
        variable = cls.variable(field)
        if variable in BY_FILE | NOT_IN_IMAGES or variable in ELSEWHERE or variable.endswith("_API_KEY_FILE"):
            continue
        wanted = CHOSEN.get(variable) or other(info.get_default(call_default_factory=True))
        if variable == "ISOBAR_PRODUCER_CACHE_DIR":
            wanted = "/elsewhere"
        found = environment(chart, {**values, f"settings.{camel(field)}": wanted})
        assert found[variable] == str(wanted), variable
        cls.load(**{field: found[variable]})


def test_settings_that_are_elsewhere_are_reachable() -> None:
    assert environment("jobs", {"state.storage": "s3", "state.s3.uri": "s3://b/c"})["ISOBAR_JOBS_CHECKPOINT_DIR"] == (
        "s3://b/c/checkpoints"
    )
    assert environment("sinks", {})["ISOBAR_SINKS_POSTGRES_DSN_FILE"] == "/etc/isobar/postgres/dsn"
    values = {"weather.metoffice": {"enabled": True, "places": ["a=1,2"], "existingSecret": "key"}}
    deployment = one(template("producer", values), "Deployment", f"{RELEASE}-producer-weather-metoffice")
    env = {e["name"]: e.get("value") for e in deployment["spec"]["template"]["spec"]["containers"][0]["env"]}
    assert env["ISOBAR_PRODUCER_METOFFICE_API_KEY_FILE"] == "/etc/isobar/api-key/key"


@pytest.mark.parametrize("chart", CHART_OF)
def test_every_rendered_variable_is_a_setting(chart: str) -> None:
    """A value that nobody reads is a promise that nobody keeps."""
    cls, values = CHART_OF[chart]
    known = {*cls.variables(), *TopicSettings.variables(), *KafkaSettings.variables()}
    alone = {**values, "kafka.bootstrapServers": "k:9092", "kafka.caSecret": "ca"}

    assert set(environment(chart, alone)) <= known


@pytest.mark.parametrize("chart", CHART_OF)
def test_the_charts_defaults_are_the_programs(chart: str) -> None:
    """But for addresses and directories, which a pod has of its own."""
    cls, values = CHART_OF[chart]
    own = {"ISOBAR_SINKS_METRICS_HOST", "ISOBAR_PRODUCER_METRICS_HOST", "ISOBAR_PRODUCER_CACHE_DIR"}
    found = {name: text for name, text in environment(chart, values).items() if name in cls.variables()}
    defaults = {
        cls.variable(field): info.get_default(call_default_factory=True) for field, info in cls.model_fields.items()
    }

    differing = {
        name: (text, defaults[name])
        for name, text in found.items()
        if name not in own and name not in ELSEWHERE
        if str(getattr(cls.load(**{name.removeprefix(cls.model_config["env_prefix"]).lower(): text}),
               name.removeprefix(cls.model_config["env_prefix"]).lower())) != str(defaults[name])
    }  # fmt: skip
    assert differing == {}


def test_topics_are_reachable_in_every_part() -> None:
    values = {"global.topics.prefix": "p.", "global.topics.observations": "uk-weather"}
    for chart, (_, more) in CHART_OF.items():
        found = environment(chart, {**more, **values})
        assert (found["ISOBAR_TOPICS_PREFIX"], found["ISOBAR_TOPICS_OBSERVATIONS"]) == ("p.", "uk-weather"), chart


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, (f"{BOOTSTRAP}:9093", "SASL_SSL", "SCRAM-SHA-512", "/etc/isobar/kafka-ca/strimzi/ca.crt")),
        (
            {"provider": "standalone"},
            (f"{BOOTSTRAP}:9092", "SASL_PLAINTEXT", "SCRAM-SHA-512", None),
        ),
        (
            {"provider": "external", "external.bootstrapServers": "a:1,b:2", "external.saslMechanism": "PLAIN"},
            ("a:1,b:2", "SASL_SSL", "PLAIN", None),
        ),
        (
            {"provider": "external", "external.bootstrapServers": "a:1", "external.caCertificate": "PEM"},
            ("a:1", "SASL_SSL", "SCRAM-SHA-512", "/etc/isobar/kafka-ca/ca.crt"),
        ),
    ],
)  # fmt: skip
def test_clients_are_told_where_kafka_is(values: dict[str, Any], expected: tuple[str | None, ...]) -> None:
    data = one(template("kafka", values), "ConfigMap", f"{RELEASE}-kafka-client")["data"]
    names = ("BOOTSTRAP_SERVERS", "SECURITY_PROTOCOL", "SASL_MECHANISM", "SSL_CA_LOCATION")

    assert tuple(data.get(f"ISOBAR_KAFKA_{name}") for name in names) == expected
    told = {name.removeprefix("ISOBAR_KAFKA_").lower(): text for name, text in data.items() if name.startswith("ISO")}
    KafkaSettings.load(**told, sasl_username="u", sasl_password="p")


def test_all_kafka_settings_are_covered() -> None:
    user = {"ISOBAR_KAFKA_SASL_USERNAME", "ISOBAR_KAFKA_SASL_PASSWORD"}
    values = {"provider": "external", "external.bootstrapServers": "a:1", "external.caCertificate": "PEM"}
    data = one(template("kafka", values), "ConfigMap", f"{RELEASE}-kafka-client")["data"]
    pod = one(template("sinks"), "Deployment", f"{RELEASE}-sinks")["spec"]["template"]["spec"]
    env = {e["name"] for e in pod["containers"][0]["env"]}

    assert user <= env
    assert set(KafkaSettings.variables()) == {name for name in data if name.startswith("ISO")} | user | MTLS


def test_the_restart_that_charts_allow_for_is_the_jobs_own() -> None:
    least = 1000 + LONGEST_RESTART_S * 1000
    template("jobs", {"settings.transactionTimeoutMs": least})

    assert refusal("jobs", {"settings.transactionTimeoutMs": least - 1}).startswith(
        f"flink.settings.transactionTimeoutMs is {least - 1}: exactly-once needs at least {least} "
    )
