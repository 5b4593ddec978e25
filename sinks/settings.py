"""Everything a sink can be told, from the environment."""

from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import SettingsConfigDict

from contracts.settings import Settings, SettingsError


class SinkSettings(Settings):
    """Settings of `python -m sinks`."""

    model_config = SettingsConfigDict(env_prefix="ISOBAR_SINKS_", frozen=True, extra="ignore", env_ignore_empty=True)

    postgres_dsn: SecretStr | None = Field(None, description="connection string or URL of the database")
    postgres_dsn_file: Path | None = Field(
        None, description="file that holds the connection string, for mounted secrets"
    )
    group_id: str | None = Field(None, description="consumer group; isobar-sink-<target> if not set", min_length=1)
    batch_rows: int = Field(
        5_000, description="most records in one transaction (measured: docs/decisions/0005)", ge=1, le=100_000
    )
    batch_ms: int = Field(
        100, description="longest wait to fill a batch, in ms: half of it is latency", ge=1, le=10_000
    )
    session_timeout_ms: int = Field(
        10_000,
        description="how long Kafka waits for a silent sink before others take over, in ms",
        ge=1_000,
        le=300_000,
    )
    startup_timeout_s: float = Field(
        60.0, description="how long the first connection to the target may take, in s", ge=0, le=3_600
    )
    metrics_port: int = Field(9102, description="port of /metrics; 0 for none", ge=0, le=65_535)
    metrics_host: str = Field("127.0.0.1", description="address of /metrics")

    @model_validator(mode="after")
    def _one_dsn(self) -> Self:
        if self.postgres_dsn and self.postgres_dsn_file:
            raise ValueError("ISOBAR_SINKS_POSTGRES_DSN and ISOBAR_SINKS_POSTGRES_DSN_FILE are both set: set one")
        return self

    def group(self, target: str) -> str:
        """The consumer group, which also names the sink's offsets in the target."""
        return self.group_id or f"isobar-sink-{target}"

    def dsn(self) -> str:
        """The connection string.

        Raises:
            SettingsError: neither variable is set, or the file cannot be read.
        """
        if self.postgres_dsn:
            return self.postgres_dsn.get_secret_value()
        if self.postgres_dsn_file is None:
            raise SettingsError(
                "ISOBAR_SINKS_POSTGRES_DSN is not set: expected connection string or URL of the database "
                "(or ISOBAR_SINKS_POSTGRES_DSN_FILE: a file that holds it)"
            )
        try:
            text = self.postgres_dsn_file.read_text("utf-8").strip()
        except OSError as error:
            raise SettingsError(
                f"ISOBAR_SINKS_POSTGRES_DSN_FILE is '{self.postgres_dsn_file}': cannot be read ({error.strerror})"
            ) from None
        if not text:
            raise SettingsError(f"ISOBAR_SINKS_POSTGRES_DSN_FILE is '{self.postgres_dsn_file}': the file is empty")
        return text
