"""The command line, without a broker."""

import json
from pathlib import Path

import msgspec
import pytest

from contracts import wire
from contracts.settings import SettingsError
from contracts.types import WeatherObservation
from producer.__main__ import main
from producer.cassette import Entry
from producer.providers.metoffice import MetOffice
from producer.providers.openweather import OpenWeather
from producer.weather import check_budget
from tests.fixtures.answers import (
    DATAPOINT_REPORT,
    METOFFICE_BAD_GEOHASH,
    METOFFICE_NEAREST,
    METOFFICE_ROWS,
    datapoint,
    datapoint_site,
)

LONDON = ("--places", "london=51.51,-0.13")


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("METOFFICE_API_KEY", "METOFFICE_API_KEY_FILE", "METRICS_PORT"):
        monkeypatch.delenv(f"ISOBAR_PRODUCER_{name}", raising=False)
    monkeypatch.setenv("ISOBAR_PRODUCER_CACHE_DIR", str(tmp_path / "cache"))


def tape(path: Path, *answers: tuple[str, dict[str, str], int, bytes]) -> Path:
    lines = (
        msgspec.json.encode(Entry(url=f"https://x{url}", params=params, status=status, body=body.decode()))
        for url, params, status, body in answers
    )
    path.write_bytes(b"\n".join(lines))
    return path


NEAREST = ("/observation-land/1/nearest", {"lat": "51.51", "lon": "-0.13"}, 200, json.dumps(METOFFICE_NEAREST).encode())


def rows(**change: float) -> tuple[str, dict[str, str], int, bytes]:
    changed = [METOFFICE_ROWS[0] | change, METOFFICE_ROWS[1]]
    return ("/observation-land/1/gcpsvg", {}, 200, json.dumps(changed).encode())


def printed(text: str) -> list[WeatherObservation]:
    return [wire.decode(WeatherObservation, line.encode()) for line in text.splitlines()]


def test_replay_prints_records_as_json_lines(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert main(["replay", "--dry-run", "--offline", "--limit", "5", "--no-shift"]) == 0
    out, err = capfdbinary.readouterr()
    assert [(r.station_id, r.observed_at.hour) for r in printed(out.decode())] == [
        ("EWR", 0), ("JFK", 0), ("LGA", 0), ("EWR", 1), ("JFK", 1),
    ]  # fmt: skip
    assert err.decode().endswith("replay: done: 5 of 5 records printed\n")


def test_a_cassette_plays_to_its_end_with_revisions(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    path = tape(tmp_path / "tape", NEAREST, rows(), rows(), rows(temperature=30.0))
    assert main(["weather", "--source", "metoffice", *LONDON, "--cassette", str(path), "--dry-run"]) == 0
    out, err = capfdbinary.readouterr()
    assert [(r.observed_at.hour, r.revision, r.temperature_c) for r in printed(out.decode())] == [
        (9, 0, 6.83), (10, 0, 7.11), (10, 1, 30.0),
    ]  # fmt: skip
    assert "weather: done: 3 records printed\n" in err.decode()


def test_once_with_a_refusal_fails_and_says_where(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    refused: tuple[str, dict[str, str], int, bytes] = ("/observation-land/1/gcpsvg", {}, 400, METOFFICE_BAD_GEOHASH)
    path = tape(tmp_path / "tape", NEAREST, refused)
    assert main(["weather", "--source", "metoffice", *LONDON, "--cassette", str(path), "--dry-run", "--once"]) == 1
    assert capfd.readouterr().err.endswith(
        "error: 1 of 1 place(s) failed: london: metoffice answered 400: Invalid geohash: it must be exactly 6 chars\n"
    )


def test_an_old_recording_of_datapoint_is_played_whole(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    def answer(site: str, minutes: str) -> tuple[str, dict[str, str], int, bytes]:
        period = {"value": "2025-10-02Z", "Rep": DATAPOINT_REPORT | {"$": minutes}}
        return (f"/any/{site}", {}, 200, json.dumps(datapoint(datapoint_site(period, site))).encode())

    path = tape(tmp_path / "tape", answer("3772", "600"), answer("3002", "600"), answer("3772", "660"))
    assert main(["weather", "--source", "datapoint", "--cassette", str(path), "--dry-run"]) == 0
    out = printed(capfdbinary.readouterr().out.decode())
    assert [(r.station_id, r.observed_at.hour) for r in out] == [("3772", 10), ("3002", 10), ("3772", 11)]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ["weather", "--source", "metoffice", *LONDON],
            (
                "error: ISOBAR_PRODUCER_METOFFICE_API_KEY is not set: expected the API key of metoffice, or"
                " ISOBAR_PRODUCER_METOFFICE_API_KEY_FILE with the path of a file that holds it\n"
            ),
        ),
        (
            ["weather", "--source", "metoffice"],
            (
                "error: no place is given: expected name=lat,lon such as london=51.51,-0.13,"
                " by --places or --places-file\n"
            ),
        ),
        (
            ["weather", "--source", "datapoint"],
            "error: --source datapoint no longer answers: expected --cassette FILE with an old recording, found none\n",
        ),
        (
            ["weather", "--source", "metoffice", *LONDON, "--interval-s", "60"],
            (
                "error: 1 places every 60 s make 1440 requests a day: expected at most 360, the budget of metoffice;"
                " name fewer places or set --interval-s to 240 or more\n"
            ),
        ),
    ],
)
def test_what_is_missing_is_a_sentence(arguments: list[str], sentence: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert main([*arguments, "--dry-run"]) == 2
    assert capfd.readouterr().err == sentence


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["replay", "--speed", "0"], "argument --speed: expected a number above 0, found 0"),
        (["replay", "--speed", "fast"], "argument --speed: invalid speed (a number or max) value: 'fast'"),
        (["replay", "--rate", "nan"], "argument --rate: expected a number above 0, found nan"),
        (["replay", "--limit", "0"], "argument --limit: expected a whole number of at least 1, found 0"),
        (["replay", "--speed", "1", "--rate", "1"], "argument --rate: not allowed with argument --speed"),
        (["replay", "--dataset", "x"], "argument --dataset: invalid choice: 'x' (choose from 'nyc-2013')"),
    ],
)
def test_a_wrong_argument_is_a_sentence(arguments: list[str], sentence: str, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        main(arguments)
    assert refused.value.code == 2
    assert sentence in capfd.readouterr().err


def test_the_documented_plans_fit_their_budgets() -> None:
    check_budget(MetOffice("https://x"), 15, 3600, once=False)
    check_budget(OpenWeather("https://x"), 200, 600, once=False)
    with pytest.raises(SettingsError, match="16 places every 3600 s make 384 requests a day: expected at most 360"):
        check_budget(MetOffice("https://x"), 16, 3600, once=False)
