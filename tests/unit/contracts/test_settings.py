"""Settings from the environment; a wrong one is a sentence that an operator can act on and that holds no secret."""

from typing import Literal

import pytest
from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from contracts.settings import KafkaSettings, Settings, SettingsError, TopicSettings

SECRET = "hunter2"


class Example(Settings):
    """A deployable's settings, one field for every kind of mistake."""

    model_config = SettingsConfigDict(env_prefix="ISOBAR_TEST_", frozen=True, extra="ignore", env_ignore_empty=True)

    name: str = Field(description="a name")
    port: int = Field(9100, ge=1, le=65_535, description="a port")
    mode: Literal["fast", "slow"] = Field("fast", description="a mode")
    token: SecretStr | None = Field(None, description="a token", max_length=3)


def refusal(settings: type[Settings], monkeypatch: pytest.MonkeyPatch, **variables: str) -> str:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as refused:
        settings.load()
    return str(refused.value)


def test_values_come_from_the_environment_and_a_command_line_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ISOBAR_TEST_NAME", "a")
    monkeypatch.setenv("ISOBAR_TEST_PORT", "9200")

    assert Example.load() == Example(name="a", port=9200)
    assert Example.load(name="b").name == "b"


def test_an_empty_variable_is_one_that_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """A chart writes `value: ""` for what nobody gave."""
    monkeypatch.setenv("ISOBAR_TEST_NAME", "a")
    monkeypatch.setenv("ISOBAR_TEST_PORT", "")

    assert Example.load().port == 9100
    assert refusal(Example, monkeypatch, ISOBAR_TEST_NAME="") == "ISOBAR_TEST_NAME is not set: expected a name"


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        (
            "ISOBAR_TEST_PORT",
            "high",
            "ISOBAR_TEST_PORT is 'high': input should be a valid integer, unable to parse string as an integer",
        ),
        ("ISOBAR_TEST_PORT", "0", "ISOBAR_TEST_PORT is '0': input should be greater than or equal to 1"),
        ("ISOBAR_TEST_PORT", "65536", "ISOBAR_TEST_PORT is '65536': input should be less than or equal to 65535"),
        ("ISOBAR_TEST_MODE", "Fast", "ISOBAR_TEST_MODE is 'Fast': input should be 'fast' or 'slow'"),
        (
            "ISOBAR_TEST_TOKEN",
            SECRET,
            "ISOBAR_TEST_TOKEN is a secret: value should have at most 3 items after validation, not 7",
        ),
    ],
)
def test_a_wrong_value_is_a_sentence(monkeypatch: pytest.MonkeyPatch, variable: str, value: str, sentence: str) -> None:
    monkeypatch.setenv("ISOBAR_TEST_NAME", "a")

    assert refusal(Example, monkeypatch, **{variable: value}) == sentence


def test_every_mistake_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    told = refusal(Example, monkeypatch, ISOBAR_TEST_PORT="-1", ISOBAR_TEST_MODE="off", ISOBAR_TEST_TOKEN=SECRET)

    assert told == (
        "ISOBAR_TEST_NAME is not set: expected a name;"
        " ISOBAR_TEST_PORT is '-1': input should be greater than or equal to 1;"
        " ISOBAR_TEST_MODE is 'off': input should be 'fast' or 'slow';"
        " ISOBAR_TEST_TOKEN is a secret: value should have at most 3 items after validation, not 7"
    )


def test_a_refusal_carries_no_secret_in_its_causes(monkeypatch: pytest.MonkeyPatch) -> None:
    """pydantic's own error prints all input; a traceback would show it."""
    monkeypatch.setenv("ISOBAR_KAFKA_SASL_PASSWORD", SECRET)
    monkeypatch.setenv("ISOBAR_KAFKA_SECURITY_PROTOCOL", "SASL_SSL")
    with pytest.raises(SettingsError) as refused:
        KafkaSettings.load()

    assert refused.value.__suppress_context__
    assert refused.value.__cause__ is None
    assert SECRET not in str(refused.value)


def test_a_secret_is_not_shown_with_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ISOBAR_KAFKA_SASL_PASSWORD", SECRET)
    settings = KafkaSettings.load()

    assert SECRET not in f"{settings!r} {settings} {settings.model_dump()} {settings.model_dump_json()}"


def test_variables_are_named_with_what_they_mean() -> None:
    assert Example.variables() == {
        "ISOBAR_TEST_NAME": "a name",
        "ISOBAR_TEST_PORT": "a port",
        "ISOBAR_TEST_MODE": "a mode",
        "ISOBAR_TEST_TOKEN": "a token",
    }


# ---- Kafka ----


def test_kafka_is_on_this_machine_unless_told_otherwise() -> None:
    assert KafkaSettings.load().model_dump(exclude_none=True) == {
        "bootstrap_servers": "127.0.0.1:9092",
        "security_protocol": "PLAINTEXT",
        "sasl_mechanism": "SCRAM-SHA-512",
    }
    assert list(KafkaSettings.variables()) == [
        "ISOBAR_KAFKA_BOOTSTRAP_SERVERS",
        "ISOBAR_KAFKA_SECURITY_PROTOCOL",
        "ISOBAR_KAFKA_SASL_MECHANISM",
        "ISOBAR_KAFKA_SASL_USERNAME",
        "ISOBAR_KAFKA_SASL_PASSWORD",
        "ISOBAR_KAFKA_SSL_CA_LOCATION",
        "ISOBAR_KAFKA_SSL_CERTIFICATE_LOCATION",
        "ISOBAR_KAFKA_SSL_KEY_LOCATION",
    ]


@pytest.mark.parametrize("protocol", ["SASL_PLAINTEXT", "SASL_SSL"])
@pytest.mark.parametrize("given", [{}, {"ISOBAR_KAFKA_SASL_USERNAME": "u"}, {"ISOBAR_KAFKA_SASL_PASSWORD": SECRET}])
def test_sasl_needs_user_and_password(monkeypatch: pytest.MonkeyPatch, protocol: str, given: dict[str, str]) -> None:
    assert refusal(KafkaSettings, monkeypatch, ISOBAR_KAFKA_SECURITY_PROTOCOL=protocol, **given) == (
        f"ISOBAR_KAFKA_SECURITY_PROTOCOL is '{protocol}':"
        " it needs ISOBAR_KAFKA_SASL_USERNAME and ISOBAR_KAFKA_SASL_PASSWORD"
    )


@pytest.mark.parametrize("name", ["CERTIFICATE", "KEY"])
def test_a_certificate_needs_its_key(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    assert refusal(KafkaSettings, monkeypatch, **{f"ISOBAR_KAFKA_SSL_{name}_LOCATION": "/tls/client.pem"}) == (
        "only one of ISOBAR_KAFKA_SSL_CERTIFICATE_LOCATION and ISOBAR_KAFKA_SSL_KEY_LOCATION is set:"
        " mTLS needs both (for Flink jobs the same path, of a PEM file that holds both)"
    )


def test_an_unknown_protocol_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert refusal(KafkaSettings, monkeypatch, ISOBAR_KAFKA_SECURITY_PROTOCOL="TLS") == (
        "ISOBAR_KAFKA_SECURITY_PROTOCOL is 'TLS': input should be 'PLAINTEXT', 'SSL', 'SASL_PLAINTEXT' or 'SASL_SSL'"
    )


# ---- topics ----


def test_topics_under_the_names_of_an_installation(monkeypatch: pytest.MonkeyPatch) -> None:
    assert TopicSettings.load().catalogue().observations.name == "weather.observations"
    monkeypatch.setenv("ISOBAR_TOPICS_PREFIX", "y2013.")
    monkeypatch.setenv("ISOBAR_TOPICS_OBSERVATIONS", "uk-weather")

    catalogue = TopicSettings.load().catalogue()

    assert catalogue.observations.name == "y2013.uk-weather"
    assert catalogue.windows.name == "y2013.weather.windows"


@pytest.mark.parametrize(
    ("name", "value", "pattern"),
    [("PREFIX", "a/b", "^[a-zA-Z0-9._-]*$"), ("OBSERVATIONS", "uk weather", "^[a-zA-Z0-9._-]+$")],
)
def test_a_name_that_kafka_refuses_is_refused_here(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, pattern: str
) -> None:
    assert refusal(TopicSettings, monkeypatch, **{f"ISOBAR_TOPICS_{name}": value}) == (
        f"ISOBAR_TOPICS_{name} is '{value}': string should match pattern '{pattern}'"
    )
