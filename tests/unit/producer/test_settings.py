"""Keys from the environment or a file, and sentences where they are missing."""

from pathlib import Path

import pytest

from contracts.settings import SettingsError
from producer.settings import ProducerSettings

KEY, FILE = "ISOBAR_PRODUCER_METOFFICE_API_KEY", "ISOBAR_PRODUCER_METOFFICE_API_KEY_FILE"


@pytest.fixture(autouse=True)
def _no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (KEY, FILE):
        monkeypatch.delenv(name, raising=False)


def test_key_from_the_environment_or_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(KEY, "from-environment")
    assert ProducerSettings.load().api_key("metoffice").get_secret_value() == "from-environment"
    monkeypatch.delenv(KEY)
    file = tmp_path / "key"
    file.write_text("from-file\n")
    monkeypatch.setenv(FILE, str(file))
    assert ProducerSettings.load().api_key("metoffice").get_secret_value() == "from-file"


def test_a_key_never_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY, "hidden-key")
    monkeypatch.setenv("ISOBAR_PRODUCER_METRICS_PORT", "high")
    with pytest.raises(SettingsError) as refused:
        ProducerSettings.load()
    assert str(refused.value) == (
        "ISOBAR_PRODUCER_METRICS_PORT is 'high': input should be a valid integer, unable to parse string as an integer"
    )
    monkeypatch.delenv("ISOBAR_PRODUCER_METRICS_PORT")
    settings = ProducerSettings.load()
    assert "hidden-key" not in f"{settings!r} {settings} {settings.model_dump_json()} {settings.api_key('metoffice')!r}"


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        (
            {},
            f"{KEY} is not set: expected the API key of metoffice, or {FILE} with the path of a file that holds it",
        ),
        ({KEY: "a", FILE: "/b"}, f"{KEY} and {FILE} are both set: expected only one of them"),
        (
            {FILE: "/nowhere/key"},
            (
                f"{FILE} is '/nowhere/key', which cannot be read (No such file or directory):"
                " expected a file that holds the API key"
            ),
        ),
        ({FILE: "/dev/null"}, f"{FILE} is '/dev/null', which is empty: expected a file that holds the API key"),
    ],
)
def test_no_key_is_a_sentence(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], sentence: str) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as refused:
        ProducerSettings.load().api_key("metoffice")
    assert str(refused.value) == sentence


@pytest.mark.parametrize(
    "url", ["http://weather.example", "ftp://127.0.0.1", "weather.example", "http://127.0.0.1.evil.example"]
)
def test_a_key_is_not_sent_in_the_clear(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("ISOBAR_PRODUCER_OPENWEATHER_BASE_URL", url)
    with pytest.raises(SettingsError) as refused:
        ProducerSettings.load()
    assert str(refused.value) == (
        f"ISOBAR_PRODUCER_OPENWEATHER_BASE_URL is '{url}': expected an https:// address"
        " (http:// only to this machine), because the API key goes there"
    )
    monkeypatch.setenv("ISOBAR_PRODUCER_OPENWEATHER_BASE_URL", "http://127.0.0.1:8080/")
    assert ProducerSettings.load().openweather_base_url == "http://127.0.0.1:8080"
