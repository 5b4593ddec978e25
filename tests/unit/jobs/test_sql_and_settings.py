"""Pieces of SQL text, and the settings that reach into it."""

from datetime import timedelta

import pytest

from contracts.settings import SettingsError
from jobs import sql
from jobs.settings import JobSettings
from tests.unit.jobs.duck import Duck

DUCK = Duck()


@pytest.mark.parametrize("text", ["", "plain", "it's", "'; DROP TABLE x; --", 'a "b" \\', "''"])
def test_a_literal_is_the_text_and_nothing_else(text: str) -> None:
    assert DUCK.evaluate(sql.literal(text)) == text


def test_options_are_literals_on_both_sides() -> None:
    assert sql.options({"a.b": "c", "d": "it's"}) == "'a.b' = 'c', 'd' = 'it''s'"
    assert sql.options({}) == ""


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "INTERVAL '0 00:00:00' DAY TO SECOND"),
        (59, "INTERVAL '0 00:00:59' DAY TO SECOND"),
        (600, "INTERVAL '0 00:10:00' DAY TO SECOND"),
        (3600, "INTERVAL '0 01:00:00' DAY TO SECOND"),
        (86_399, "INTERVAL '0 23:59:59' DAY TO SECOND"),
        (86_400, "INTERVAL '1 00:00:00' DAY TO SECOND"),
    ],
)
def test_intervals(seconds: int, text: str) -> None:
    assert sql.interval(seconds) == text
    days, clock = text.split("'")[1].split()
    hours, minutes, rest = map(int, clock.split(":"))
    assert timedelta(days=int(days), hours=hours, minutes=minutes, seconds=rest) == timedelta(seconds=seconds)


@pytest.mark.parametrize("value", ["1", "NULL", "'x'"])
def test_once_leaves_a_value_as_it_is(value: str) -> None:
    assert DUCK.evaluate(sql.once(value)) == DUCK.evaluate(value)


# ---- settings ----


def test_the_defaults_agree_with_each_other() -> None:
    settings = JobSettings.load()

    assert (settings.job_id, settings.delivery_guarantee) == ("process-weather", "exactly-once")
    assert settings.transaction_timeout_ms >= settings.checkpoint_interval_ms + 120_000


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        (
            {"TRANSACTION_TIMEOUT_MS": "120999"},
            (
                "ISOBAR_JOBS_TRANSACTION_TIMEOUT_MS is 120999: exactly-once needs at least 121000"
                " (ISOBAR_JOBS_CHECKPOINT_INTERVAL_MS + a restart of 120 s), or a slow restart loses what it had"
                " checkpointed"
            ),
        ),
        (
            {"CHECKPOINT_INTERVAL_MS": "600000"},
            (
                "ISOBAR_JOBS_TRANSACTION_TIMEOUT_MS is 600000: exactly-once needs at least 720000"
                " (ISOBAR_JOBS_CHECKPOINT_INTERVAL_MS + a restart of 120 s), or a slow restart loses what it had"
                " checkpointed"
            ),
        ),
        (
            {"JOB_ID": "Process Weather"},
            "ISOBAR_JOBS_JOB_ID is 'Process Weather': string should match pattern '^[a-z0-9.-]+$'",
        ),
        (
            {"DELIVERY_GUARANTEE": "exactly_once"},
            "ISOBAR_JOBS_DELIVERY_GUARANTEE is 'exactly_once': input should be 'exactly-once' or 'at-least-once'",
        ),
        (
            {"PARALLELISM": "0", "MAX_FUTURE_S": "86401"},
            (
                "ISOBAR_JOBS_PARALLELISM is '0': input should be greater than or equal to 1;"
                " ISOBAR_JOBS_MAX_FUTURE_S is '86401': input should be less than or equal to 86400"
            ),
        ),
    ],
)
def test_a_wrong_setting_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], sentence: str
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(f"ISOBAR_JOBS_{name}", value)
    with pytest.raises(SettingsError) as refused:
        JobSettings.load()
    assert str(refused.value) == sentence


@pytest.mark.parametrize(
    "variables",
    [
        {"TRANSACTION_TIMEOUT_MS": "121000"},
        {"TRANSACTION_TIMEOUT_MS": "1000", "DELIVERY_GUARANTEE": "at-least-once"},
    ],
)
def test_a_transaction_outlives_a_restart_where_there_are_transactions(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(f"ISOBAR_JOBS_{name}", value)
    assert JobSettings.load().transaction_timeout_ms == int(variables["TRANSACTION_TIMEOUT_MS"])
