"""Migrations against the real database: twice, at once, from an older contract, and refusals in exact words."""

import dataclasses
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from contracts.schema import RECORDS, Field, Kind, Record
from sinks.migrations import MigrationError, migrate
from tests.integration.sink.harness import Harness

pytestmark = pytest.mark.integration

TABLES = {"weather_enriched": RECORDS["weather_enriched"], "weather_revision": RECORDS["weather_observation"]}
EVERYTHING = ["0001_sink_offsets", "table weather_enriched", "table weather_revision", "view weather_current"]


def without(record: Record, *names: str) -> Record:
    return dataclasses.replace(record, fields=tuple(field for field in record.fields if field.name not in names))


def test_twice(harness: Harness) -> None:
    with harness.connect() as connection:
        assert migrate(connection, TABLES) == EVERYTHING
        assert migrate(connection, TABLES) == []


def test_many_at_once(harness: Harness) -> None:
    def one(_: int) -> list[str]:
        with harness.connect() as connection:
            return migrate(connection, TABLES)

    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(one, range(8)))

    assert sorted(done, key=len)[-1] == EVERYTHING
    assert sum(map(len, done)) == len(EVERYTHING)


def test_a_field_added_to_the_contract_becomes_a_column_and_is_in_the_view(harness: Harness) -> None:
    older = {name: without(record, "wind_gust_ms", "visibility_m") for name, record in TABLES.items()}
    with harness.connect() as connection:
        migrate(connection, older)
        connection.execute(
            "INSERT INTO weather_enriched (source, station_id, observed_at, ingested_at, revision, quality) "
            "VALUES ('s', 'S', now(), now(), 0, 'good')"
        )
        assert migrate(connection, TABLES) == EVERYTHING[1:]
        row = connection.execute("SELECT wind_gust_ms, visibility_m, quality FROM weather_current").fetchone()
        assert row == (None, None, "good")
        # An older sink that starts beside the newer one changes nothing it does not know; its view is its own.
        assert migrate(connection, {"weather_enriched": older["weather_enriched"]}) == []


def test_an_enumeration_that_grew_is_widened_and_never_narrowed(harness: Harness) -> None:
    record = RECORDS["weather_enriched"]
    grown = dataclasses.replace(
        record,
        fields=tuple(
            dataclasses.replace(field, symbols=(*field.symbols, "unchecked")) if field.kind is Kind.ENUM else field
            for field in record.fields
        ),
    )
    insert = (
        "INSERT INTO weather_enriched (source, station_id, observed_at, ingested_at, revision, quality) "
        "VALUES ('s', 'S', now(), now(), 0, 'unchecked')"
    )
    with harness.connect() as connection:
        migrate(connection, {"weather_enriched": record})
        assert migrate(connection, {"weather_enriched": grown}) == ["table weather_enriched"]
        connection.execute(insert)
        assert migrate(connection, {"weather_enriched": record}) == []
        assert migrate(connection, {"weather_enriched": grown}) == []


def test_what_it_cannot_change_it_refuses_and_leaves_as_it_was(harness: Harness, tmp_path: Path) -> None:
    record = RECORDS["weather_enriched"]
    new = Field("calibration", Kind.DOUBLE, nullable=False, doc="x")
    with harness.connect() as connection:
        migrate(connection, {"weather_enriched": record})
        with pytest.raises(MigrationError) as raised:
            migrate(connection, {"weather_enriched": dataclasses.replace(record, fields=(*record.fields, new))})
        assert str(raised.value) == (
            "column weather_enriched.calibration is new and may not be null, but the table's older rows have no value "
            "for it: make the field nullable in the contract"
        )
        (tmp_path / "0001_sink_offsets.sql").write_text("SELECT 1")
        (tmp_path / "0000_before.sql").write_text("CREATE TABLE half_way (x integer)")
        with pytest.raises(MigrationError, match="migration 0001_sink_offsets was applied with another text"):
            migrate(connection, {}, tmp_path)
        assert connection.execute("SELECT to_regclass('half_way')").fetchone() == (None,)
