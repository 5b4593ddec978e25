"""Settings of the producer: where providers answer, with which key, and where files are kept.

A key comes from a variable or from a file (how Kubernetes mounts a Secret), never from the command line, where every
user of the machine could read it.
"""

import os
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import SettingsConfigDict

from contracts.settings import Settings, SettingsError

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


def _cache_dir() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "isobar"


class ProducerSettings(Settings):
    """One field per thing an installation may change; a provider adds its key, key file and base URL."""

    model_config = SettingsConfigDict(
        env_prefix="ISOBAR_PRODUCER_", frozen=True, extra="ignore", env_ignore_empty=True, hide_input_in_errors=True
    )

    metoffice_api_key: SecretStr | None = Field(None, description="Met Office DataHub key for Land Observations")
    metoffice_api_key_file: Path | None = Field(None, description="file that holds the Met Office key")
    metoffice_base_url: str = Field("https://data.hub.api.metoffice.gov.uk", description="Met Office DataHub")
    metoffice_wind_unit: str = Field(
        "m/s", description="unit of wind in Met Office land observations", pattern=r"^(m/s|kn)$"
    )
    openweather_api_key: SecretStr | None = Field(None, description="OpenWeather key")
    openweather_api_key_file: Path | None = Field(None, description="file that holds the OpenWeather key")
    openweather_base_url: str = Field("https://api.openweathermap.org", description="OpenWeather")

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="what is logged")
    http_timeout_s: float = Field(20.0, gt=0, le=300, description="seconds to wait for a provider's answer")
    metrics_port: int = Field(9101, ge=0, le=65535, description="port of /metrics; 0 serves none")
    metrics_host: str = Field("127.0.0.1", description="address of /metrics")
    cache_dir: Path = Field(default_factory=_cache_dir, description="where fetched datasets are kept")

    @field_validator("metoffice_base_url", "openweather_base_url")
    @classmethod
    def _keys_travel_encrypted(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK):
            return url.rstrip("/")
        raise ValueError("expected an https:// address (http:// only to this machine), because the API key goes there")

    def api_key(self, provider: str) -> SecretStr:
        """The provider's key, from its variable or its file.

        Raises:
            SettingsError: neither or both are given, or the file cannot be read or is empty.
        """
        key: SecretStr | None = getattr(self, f"{provider}_api_key")
        path: Path | None = getattr(self, f"{provider}_api_key_file")
        key_variable, file_variable = self.variable(f"{provider}_api_key"), self.variable(f"{provider}_api_key_file")
        if key and path:
            raise SettingsError(f"{key_variable} and {file_variable} are both set: expected only one of them")
        if key:
            return key
        if path is None:
            raise SettingsError(
                f"{key_variable} is not set: expected the API key of {provider},"
                f" or {file_variable} with the path of a file that holds it"
            )
        try:
            text = path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            cause = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
            raise SettingsError(
                f"{file_variable} is '{path}', which cannot be read ({cause}): expected a file that holds the API key"
            ) from None
        if not text:
            raise SettingsError(f"{file_variable} is '{path}', which is empty: expected a file that holds the API key")
        return SecretStr(text)
