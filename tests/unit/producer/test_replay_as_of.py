"""A replay that was interrupted can say the same again: `--as-of` fixes its time basis."""

import json

import pytest

from producer.__main__ import main


def _first(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, object]:
    assert main(["replay", "--dry-run", "--offline", "--limit", "1", *words]) == 0
    record: dict[str, object] = json.loads(capsys.readouterr().out.splitlines()[0])
    return record


def test_the_last_hour_is_the_one_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert _first(capsys, "--as-of", "2026-11-20T09:10:00Z")["observed_at"] == "2026-11-20T09:00:00Z"
    assert _first(capsys, "--as-of", "2026-11-20T09:10:00+02:00")["observed_at"] == "2026-11-20T07:00:00Z"


def test_a_time_without_its_zone_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["replay", "--dry-run", "--as-of", "2026-11-20T09:10:00"])

    expected = (
        "argument --as-of: expected a time with its zone, such as 2026-11-20T09:00:00Z, found 2026-11-20T09:10:00"
    )
    assert expected in capsys.readouterr().err
