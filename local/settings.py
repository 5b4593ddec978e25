"""Settings of the local stack: its ports, from ISOBAR_LOCAL_*_PORT."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from contracts.settings import Settings
from local.ports import Ports

_DEFAULT = Ports()
_LOWEST, _HIGHEST = 1024, 65_535


def _port(default: int, description: str) -> int:
    port: int = Field(default, description=f"{description}, on 127.0.0.1", ge=_LOWEST, le=_HIGHEST)
    return port


class LocalSettings(Settings):
    """One variable per port; the demo, `python -m local up` and the Makefile's verbs read the same ones."""

    model_config = SettingsConfigDict(env_prefix="ISOBAR_LOCAL_", frozen=True, extra="ignore", env_ignore_empty=True)

    broker_port: int = _port(_DEFAULT.broker, "port of the Kafka broker")
    controller_port: int = _port(_DEFAULT.controller, "port of the Kafka controller")
    flink_rest_port: int = _port(_DEFAULT.flink_rest, "port of Flink's REST interface and page")
    flink_rpc_port: int = _port(_DEFAULT.flink_rpc, "port of the Flink JobManager's RPC")
    postgres_port: int = _port(_DEFAULT.postgres, "port of Postgres")
    producer_metrics_port: int = _port(_DEFAULT.producer_metrics, "port of the replay's /metrics")
    sink_metrics_port: int = _port(_DEFAULT.sink_metrics, "port of the sink's /metrics")

    def ports(self) -> Ports:
        """The same, as the stack takes them."""
        return Ports(**{name.removesuffix("_port"): value for name, value in self.model_dump().items()})
