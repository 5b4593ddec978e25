"""What is derived from contracts, and what settings allow, in exact words."""

import dataclasses
from pathlib import Path

import pytest

from contracts.schema import RECORDS, Field, Kind
from contracts.settings import SettingsError
from contracts.topics import Catalogue
from sinks.migrations import Column, MigrationError, changes
from sinks.routes import routes
from sinks.settings import SinkSettings
from sinks.targets.postgres import copy_statement, upsert_statement
from sinks.views import weather_current

RECORD = dataclasses.replace(
    RECORDS["weather_anomaly"],
    fields=(
        Field("source", Kind.STRING, nullable=False, doc="x"),
        Field("score", Kind.DOUBLE, nullable=True, doc="x"),
        Field("severity", Kind.ENUM, nullable=False, doc="x", symbols=("warning", "severe")),
    ),
    identity=("source",),
)
EXISTING = {
    "source": Column("text"),
    "score": Column("double precision"),
    "severity": Column("text", frozenset({"warning", "severe"})),
}


def test_a_table_as_the_contract_has_it_needs_nothing() -> None:
    assert changes(RECORD, "t", EXISTING) == []
    assert changes(RECORD, "t", EXISTING | {"of_a_newer_contract": Column("text")}) == []


def test_a_new_nullable_field_is_a_column() -> None:
    without = {name: column for name, column in EXISTING.items() if name != "score"}
    assert changes(RECORD, "t", without) == ["ALTER TABLE t ADD COLUMN score double precision"]


def test_an_enumeration_is_widened_to_both_sides_symbols() -> None:
    older = EXISTING | {"severity": Column("text", frozenset({"warning", "mild"}))}
    assert changes(RECORD, "t", older) == [
        "ALTER TABLE t DROP CONSTRAINT t_severity_check",
        "ALTER TABLE t ADD CONSTRAINT t_severity_check CHECK (severity IN ('mild', 'severe', 'warning'))",
    ]


def test_a_column_of_another_type_is_refused() -> None:
    with pytest.raises(MigrationError) as raised:
        changes(RECORD, "t", EXISTING | {"score": Column("text")})
    assert str(raised.value) == (
        "column t.score is text, expected double precision: give the field a new name in the contract, "
        "or convert the column by a numbered migration"
    )


def test_a_new_field_that_may_not_be_null_is_refused() -> None:
    with pytest.raises(MigrationError, match=r"column t\.source is new and may not be null"):
        changes(RECORD, "t", {name: column for name, column in EXISTING.items() if name != "source"})


def test_the_view_needs_both_tables() -> None:
    assert weather_current({"weather_enriched": RECORDS["weather_enriched"]}) == {}


def test_statements_of_a_table_without_revisions_keep_the_first_row() -> None:
    assert copy_statement(RECORD, "t") == (
        b"COPY stage_t (source, score, severity) FROM STDIN (FORMAT csv, NULL 'null', QUOTE '\"', ESCAPE '\\')"
    )
    assert upsert_statement(RECORD, "t") == (
        b"INSERT INTO t AS mine (source, score, severity)\n"
        b"SELECT DISTINCT ON (source) source, score, severity FROM stage_t\n"
        b"ORDER BY source, ctid\nON CONFLICT (source) DO NOTHING"
    )


def test_every_topic_has_its_table() -> None:
    assert {name: route.table for name, route in routes(Catalogue("x.")).items()} == {
        "x.weather.enriched": "weather_enriched",
        "x.weather.windows": "weather_window",
        "x.weather.anomalies": "weather_anomaly",
        "x.weather.revisions": "weather_revision",
    }


def test_a_dsn_comes_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "dsn"
    path.write_text("postgresql://x\n")
    assert SinkSettings(postgres_dsn_file=path).dsn() == "postgresql://x"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [("", "the file is empty"), (None, "cannot be read (No such file or directory)")],
)
def test_a_dsn_file_that_does_not_serve(tmp_path: Path, text: str | None, sentence: str) -> None:
    path = tmp_path / "dsn"
    if text is not None:
        path.write_text(text)
    with pytest.raises(SettingsError) as raised:
        SinkSettings(postgres_dsn_file=path).dsn()
    assert str(raised.value) == f"ISOBAR_SINKS_POSTGRES_DSN_FILE is '{path}': {sentence}"


def test_no_dsn_at_all() -> None:
    with pytest.raises(SettingsError) as raised:
        SinkSettings().dsn()
    assert str(raised.value) == (
        "ISOBAR_SINKS_POSTGRES_DSN is not set: expected connection string or URL of the database "
        "(or ISOBAR_SINKS_POSTGRES_DSN_FILE: a file that holds it)"
    )


def test_two_dsns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ISOBAR_SINKS_POSTGRES_DSN", "secret")
    monkeypatch.setenv("ISOBAR_SINKS_POSTGRES_DSN_FILE", "/x")
    with pytest.raises(SettingsError) as raised:
        SinkSettings.load()
    assert str(raised.value) == "ISOBAR_SINKS_POSTGRES_DSN and ISOBAR_SINKS_POSTGRES_DSN_FILE are both set: set one"


def test_the_group_is_named_after_the_target_unless_it_is_given() -> None:
    assert SinkSettings().group("postgres") == "isobar-sink-postgres"
    assert SinkSettings(group_id="mine").group("postgres") == "mine"
