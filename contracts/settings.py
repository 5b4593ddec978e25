"""Typed settings from environment variables, with errors that name the variable.

pydantic-settings reads and converts; this base class turns its report into sentences an operator can act on: the
variable, the value found (never a secret's) and what is allowed.
"""

import types
from typing import Any, Literal, Self, Union, get_args, get_origin

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from contracts.topics import Catalogue


class SettingsError(ValueError):
    """One or more environment variables are wrong; one sentence each."""


def _is_secret(annotation: Any) -> bool:
    if get_origin(annotation) in (Union, types.UnionType):
        return any(_is_secret(part) for part in get_args(annotation))
    return annotation is SecretStr


class Settings(BaseSettings):
    """Base of every deployable's settings. Subclasses set `env_prefix`."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)

    @classmethod
    def variable(cls, field: str) -> str:
        """The environment variable a field is read from."""
        return f"{cls.model_config.get('env_prefix', '')}{field}".upper()

    @classmethod
    def variables(cls) -> dict[str, str]:
        """Every environment variable and the field's description; the chart's values are held against this."""
        return {cls.variable(name): info.description or "" for name, info in cls.model_fields.items()}

    @classmethod
    def load(cls, **overrides: Any) -> Self:
        """Settings from the environment; `overrides` (from a command line) win.

        Raises:
            SettingsError: names each wrong variable, its value and what is allowed.
        """
        try:
            return cls(**overrides)
        except ValidationError as error:
            raise SettingsError("; ".join(cls._sentence(dict(detail)) for detail in error.errors())) from None

    @classmethod
    def _sentence(cls, detail: dict[str, Any]) -> str:
        if not detail["loc"]:  # a check across fields: its own text names the variables
            return str(detail["msg"]).removeprefix("Value error, ")
        name = str(detail["loc"][0])
        info = cls.model_fields[name]
        variable, allowed = cls.variable(name), str(detail["msg"]).removeprefix("Value error, ")
        if detail["type"] == "missing":
            return f"{variable} is not set: expected {info.description}"
        found = "a secret" if _is_secret(info.annotation) else repr(detail["input"])
        return f"{variable} is {found}: {allowed[0].lower()}{allowed[1:]}"


class KafkaSettings(Settings):
    """How to reach Kafka; the same for every client of every component."""

    model_config = SettingsConfigDict(env_prefix="ISOBAR_KAFKA_", frozen=True, extra="ignore", env_ignore_empty=True)

    bootstrap_servers: str = Field("127.0.0.1:9092", description="host:port, several separated by commas")
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT", description="Kafka security protocol"
    )
    sasl_mechanism: Literal["SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN"] = Field(
        "SCRAM-SHA-512", description="SASL mechanism"
    )
    sasl_username: str | None = Field(None, description="SASL user")
    sasl_password: SecretStr | None = Field(None, description="SASL password")
    ssl_ca_location: str | None = Field(None, description="PEM file of the certificate authority")
    ssl_certificate_location: str | None = Field(None, description="PEM file of the client certificate, for mTLS")
    ssl_key_location: str | None = Field(None, description="PEM file of the client key, for mTLS")

    @model_validator(mode="after")
    def _certificate_has_key(self) -> Self:
        if bool(self.ssl_certificate_location) != bool(self.ssl_key_location):
            raise ValueError(
                "only one of ISOBAR_KAFKA_SSL_CERTIFICATE_LOCATION and ISOBAR_KAFKA_SSL_KEY_LOCATION is set:"
                " mTLS needs both (for Flink jobs the same path, of a PEM file that holds both)"
            )
        return self

    @model_validator(mode="after")
    def _sasl_has_user(self) -> Self:
        if self.security_protocol.startswith("SASL") and not (self.sasl_username and self.sasl_password):
            raise ValueError(
                f"ISOBAR_KAFKA_SECURITY_PROTOCOL is '{self.security_protocol}':"
                " it needs ISOBAR_KAFKA_SASL_USERNAME and ISOBAR_KAFKA_SASL_PASSWORD"
            )
        return self


class TopicSettings(Settings):
    """Names of topics, where an installation departs from the defaults."""

    model_config = SettingsConfigDict(env_prefix="ISOBAR_TOPICS_", frozen=True, extra="ignore", env_ignore_empty=True)

    prefix: str = Field("", description="put before every topic name", pattern=r"^[a-zA-Z0-9._-]*$")
    observations: str = Field(
        "weather.observations", description="name of the observations topic", pattern=r"^[a-zA-Z0-9._-]+$"
    )

    def catalogue(self) -> Catalogue:
        """The topics under these names."""
        return Catalogue(self.prefix, self.observations)
