"""What is derived from a record: every derivation walks the same fields; stored files are what it would write."""

import json
import sys
from datetime import datetime
from pathlib import Path

import duckdb
import jsonschema
import msgspec
import pytest
from hypothesis import given

from contracts import __main__ as command
from contracts import charts, docs, flink, json_schema, postgres, python_types
from contracts.schema import RECORDS, Field, Kind, Record
from contracts.wire import encode, record_of
from tests.fixtures.observations import NINE, observation
from tests.unit.contracts.records import ANY_RECORD

ALL = pytest.mark.parametrize("record", RECORDS.values(), ids=lambda record: record.name)
ONE_OF_EACH = Record(
    "one_of_each",
    "OneOfEach",
    "One field of every kind.",
    (
        Field("name", Kind.STRING, False, "a name"),
        Field("value", Kind.DOUBLE, True, "a | value", "degC"),
        Field("number", Kind.INT, True, "a number"),
        Field("count", Kind.LONG, False, "a count"),
        Field("flag", Kind.BOOLEAN, True, "a flag"),
        Field("at", Kind.TIMESTAMP, False, "a moment", "UTC"),
        Field("state", Kind.ENUM, True, "a state", "", ("on", "off")),
        Field("side", Kind.ENUM, False, "a side", "", ("left",)),
    ),
    ("name", "at"),
)
"""Also kinds that the weather records do not use yet in every combination."""


# ---- Flink ----


def test_flink_columns() -> None:
    assert flink.columns(ONE_OF_EACH) == (
        "`name` STRING, `value` DOUBLE, `number` INT, `count` BIGINT, `flag` BOOLEAN, `at` TIMESTAMP_LTZ(3),"
        " `state` STRING, `side` STRING"
    )
    assert flink.sql_type(ONE_OF_EACH.field("count")) == "BIGINT"


# ---- Postgres ----


def test_a_postgres_table() -> None:
    assert postgres.create_table(ONE_OF_EACH) == (
        "CREATE TABLE IF NOT EXISTS one_of_each (\n"
        "    name text NOT NULL,\n"
        "    value double precision,\n"
        "    number integer,\n"
        "    count bigint NOT NULL,\n"
        "    flag boolean,\n"
        "    at timestamptz NOT NULL,\n"
        "    state text CHECK (state IN ('on', 'off')),\n"
        "    side text NOT NULL CHECK (side IN ('left')),\n"
        "    PRIMARY KEY (name, at)\n"
        ")"
    )


@ALL
def test_a_table_has_the_columns_of_its_record(record: Record) -> None:
    """DuckDB reads the same DDL; the sink's tests create the tables in Postgres."""
    with duckdb.connect() as database:
        database.execute(postgres.create_table(record, "another_name"))
        described = database.execute("DESCRIBE another_name").fetchall()

    assert [name for name, *_ in described] == list(postgres.copy_columns(record))
    assert {name for name, _, _, key, *_ in described if key == "PRI"} == set(record.identity)
    assert {name for name, _, null, *_ in described if null == "YES"} == {f.name for f in record.fields if f.nullable}
    assert postgres.table_name(record) == record.name


def test_a_row_has_the_order_of_the_columns() -> None:
    row = postgres.row(observation(weather_code="7"))

    assert row == ("metoffice", "gcpsvg", NINE, NINE, 0, *[None] * 14, "7")
    assert len(row) == len(postgres.copy_columns(RECORDS["weather_observation"]))


# ---- JSON Schema ----

FORMATS = jsonschema.FormatChecker(formats=())


def _is_moment(value: object) -> bool:
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


FORMATS.checks("date-time", raises=ValueError)(_is_moment)


def _validator(record: Record) -> jsonschema.Draft202012Validator:
    schema = json.loads((json_schema.TARGET_DIR / f"{record.name}.json").read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema, format_checker=FORMATS)


VALIDATORS = {name: _validator(record) for name, record in RECORDS.items()}


@given(ANY_RECORD)
def test_json_schema_takes_any_record(record: msgspec.Struct) -> None:
    VALIDATORS[record_of(type(record)).name].validate(json.loads(encode(record)))


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("lat", "51.5"),
        ("source", None),
        ("revision", 0.5),
        ("revision", 2**31),
        ("observed_at", 1795165200),
        ("observed_at", "2026-11-20T09:00:00"),
        ("visibility_is_lower_bound", 1),
    ],
)
def test_json_schema_refuses_what_the_decoder_refuses(member: str, value: object) -> None:
    content = json.loads(encode(observation())) | {member: value}

    assert [error.json_path for error in VALIDATORS["weather_observation"].iter_errors(content)] == [f"$.{member}"]


@ALL
def test_json_schema_requires_every_member(record: Record) -> None:
    missing = {error.message for error in VALIDATORS[record.name].iter_errors({})}

    assert missing == {f"{name!r} is a required property" for name in record.names}


def test_json_schema_of_every_kind() -> None:
    assert json_schema.schema(ONE_OF_EACH)["properties"] == {
        "name": {"type": "string", "description": "a name"},
        "value": {"type": ["number", "null"], "description": "a | value [degC]"},
        "number": {
            "type": ["integer", "null"],
            "minimum": -2147483648,
            "maximum": 2147483647,
            "description": "a number",
        },
        "count": {
            "type": "integer",
            "minimum": -9223372036854775808,
            "maximum": 9223372036854775807,
            "description": "a count",
        },
        "flag": {"type": ["boolean", "null"], "description": "a flag"},
        "at": {"type": "string", "format": "date-time", "description": "a moment [UTC]"},
        "state": {"enum": ["on", "off", None], "description": "a state"},
        "side": {"enum": ["left"], "description": "a side"},
    }


# ---- Python types and the page ----


def test_a_python_type() -> None:
    written = python_types.module([ONE_OF_EACH])

    assert written.endswith(
        '''

class OneOfEach(Struct, frozen=True, kw_only=True):
    """One field of every kind."""

    name: str
    value: float | None
    number: Int32 | None
    count: Int64
    flag: bool | None
    at: UtcTime
    state: Literal["on", "off"] | None
    side: Literal["left"]
'''
    )


def test_the_page_of_a_record() -> None:
    assert docs.page([ONE_OF_EACH]).endswith(
        """
## OneOfEach

One field of every kind.
Identity: `name`, `at`.

| field | Flink | Postgres | unit | meaning |
|---|---|---|---|---|
| `name` | STRING | text NOT NULL |  | a name |
| `value` | DOUBLE | double precision | degC | a \\| value |
| `number` | INT | integer |  | a number |
| `count` | BIGINT | bigint NOT NULL |  | a count |
| `flag` | BOOLEAN | boolean |  | a flag |
| `at` | TIMESTAMP_LTZ(3) | timestamptz NOT NULL | UTC | a moment |
| `state` | STRING | text |  | a state (on, off) |
| `side` | STRING | text NOT NULL |  | a side (left) |
"""
    )


def test_the_page_shows_every_topic() -> None:
    rows = [line.split(" | ") for line in docs.page([]).splitlines() if line.startswith("| `")]

    assert rows[0] == ["| `weather.observations`", "station_id", "weather_observation", "4", "7 days", rows[0][-1]]
    assert {row[0].strip("| `"): row[4] for row in rows} == {
        "weather.observations": "7 days",
        "weather.observations.dlq": "30 days",
        "weather.observations.late": "30 days",
        "weather.enriched": "7 days",
        "weather.enriched.dlq": "30 days",
        "weather.windows": "compacted",
        "weather.windows.dlq": "30 days",
        "weather.anomalies": "7 days",
        "weather.anomalies.dlq": "30 days",
        "weather.revisions": "compacted",
        "weather.revisions.dlq": "30 days",
        "producer.state": "compacted",
    }


# ---- drift ----


def test_the_stored_files_are_what_the_schemas_say() -> None:
    assert command.stale() == []


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Generated files of a test go to a directory of its own, which is also the current one."""
    monkeypatch.setattr(python_types, "TARGET", tmp_path / "contracts/types.py")
    monkeypatch.setattr(docs, "TARGET", tmp_path / "docs/records.md")
    monkeypatch.setattr(charts, "TARGET", tmp_path / "charts/kafka/files/catalogue.yaml")
    monkeypatch.setattr(json_schema, "TARGET_DIR", tmp_path / "contracts/json-schema")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(monkeypatch: pytest.MonkeyPatch, verb: str) -> int:
    monkeypatch.setattr(sys, "argv", ["python -m contracts", verb])
    return command.main()


def test_generate_writes_what_is_missing_and_then_nothing(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    written = ["contracts/types.py", "docs/records.md", "charts/kafka/files/catalogue.yaml"]
    written += [f"contracts/json-schema/{name}.json" for name in RECORDS]

    assert run(monkeypatch, "generate") == 0
    assert capsys.readouterr().out.splitlines() == [f"wrote {name}" for name in written]
    assert all((elsewhere / name).exists() for name in written)
    assert run(monkeypatch, "generate") == 0
    assert run(monkeypatch, "check") == 0
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    "broken",
    [
        "contracts/types.py",
        "docs/records.md",
        "charts/kafka/files/catalogue.yaml",
        "contracts/json-schema/weather_window.json",
    ],
)
def test_check_names_a_file_that_was_edited(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], broken: str
) -> None:
    run(monkeypatch, "generate")
    capsys.readouterr()
    (elsewhere / broken).write_text((elsewhere / broken).read_text("utf-8") + " ", "utf-8")

    assert run(monkeypatch, "check") == 1
    assert capsys.readouterr() == ("", f"{broken} is not what contracts/ says: run `make generate`\n")
    assert (elsewhere / broken).read_text("utf-8").endswith(" "), "check changes nothing"
