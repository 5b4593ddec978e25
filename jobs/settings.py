"""Settings of the Flink jobs, read by the driver when it builds the plan (never by the task managers)."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator
from pydantic_settings import SettingsConfigDict

from contracts.settings import Settings

LONGEST_RESTART_S = 120
"""What a transaction must outlive besides a checkpoint interval: 28 s were measured to recover from a killed task
manager on two busy cores; four times that leaves room for a slow image pull."""


class JobSettings(Settings):
    """One class for all jobs; a job reads what it needs."""

    model_config = SettingsConfigDict(env_prefix="ISOBAR_JOBS_", frozen=True, extra="ignore", env_ignore_empty=True)

    job_id: str = Field(
        "process-weather",
        description="consumer group and prefix of transactional ids; unique per running job",
        pattern=r"^[a-z0-9.-]+$",
    )
    parallelism: int = Field(1, ge=1, le=1024, description="parallel instances of every operator")
    delivery_guarantee: Literal["exactly-once", "at-least-once"] = Field(
        "exactly-once", description="guarantee of the Kafka sinks"
    )
    checkpoint_interval_ms: int = Field(1000, ge=100, description="time between checkpoints, and so between commits")
    checkpoint_dir: str | None = Field(None, description="file://, s3:// … directory; required in production")
    transaction_timeout_ms: int = Field(600_000, ge=1000, description="how long the broker keeps an open transaction")
    out_of_orderness_s: int = Field(
        600, ge=0, le=86_400, description="how far behind the newest event time is not late"
    )
    idle_timeout_s: int = Field(
        5, ge=0, description="seconds of silence after which a partition no longer holds windows back; 0 = never"
    )
    max_future_s: int = Field(
        3600, ge=0, le=86_400, description="how far ahead of the broker's clock a timestamp may lie"
    )
    retention_h: int = Field(
        48, ge=25, description="hours behind a station's newest record within which records count and correct"
    )
    observations_per_hour: float = Field(
        1.0, ge=0.01, description="observations a station should send, for completeness"
    )
    connector_jars: Path | None = Field(
        None, description="directory of connector jars, where FLINK_HOME/lib has none (python -m jobs…)"
    )

    @model_validator(mode="after")
    def _transactions_outlive_restarts(self) -> Self:
        least = self.checkpoint_interval_ms + LONGEST_RESTART_S * 1000
        if self.delivery_guarantee == "exactly-once" and self.transaction_timeout_ms < least:
            raise ValueError(
                f"ISOBAR_JOBS_TRANSACTION_TIMEOUT_MS is {self.transaction_timeout_ms}:"
                f" exactly-once needs at least {least}"
                f" (ISOBAR_JOBS_CHECKPOINT_INTERVAL_MS + a restart of {LONGEST_RESTART_S} s), or a slow restart loses"
                " what it had checkpointed"
            )
        return self
