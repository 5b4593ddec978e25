"""The .avsc files are the declaration: real Avro, read into a model whose refusals say what to change."""

import io
import json
from pathlib import Path
from typing import Any

import fastavro
import msgspec
import pytest
from hypothesis import given

from contracts.schema import RECORDS, SCHEMA_DIR, Field, Kind, Record, SchemaError, load, parse
from contracts.wire import record_of
from tests.unit.contracts.records import ANY_RECORD

PLAIN = {"name": "n", "type": "string", "doc": "d"}


def declaration(*fields: dict[str, Any], identity: tuple[str, ...] = ("n",)) -> dict[str, Any]:
    return {"type": "record", "name": "R", "doc": "r", "identity": list(identity), "fields": [PLAIN, *fields]}


def avro(name: str) -> dict[str, Any]:
    declared: dict[str, Any] = json.loads((SCHEMA_DIR / f"{name}.avsc").read_text("utf-8"))
    return declared


def test_a_declaration_becomes_a_record() -> None:
    record = parse(
        "r",
        declaration(
            {"name": "t", "type": ["null", "double"], "unit": "degC", "doc": "air"},
            {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}, "doc": "when"},
            {"name": "kind", "type": {"type": "enum", "name": "K", "symbols": ["a", "b"]}, "doc": "which"},
        ),
    )

    assert record == Record(
        "r",
        "R",
        "r",
        (
            Field("n", Kind.STRING, False, "d"),
            Field("t", Kind.DOUBLE, True, "air", "degC"),
            Field("at", Kind.TIMESTAMP, False, "when"),
            Field("kind", Kind.ENUM, False, "which", "", ("a", "b")),
        ),
        ("n",),
    )
    assert record.names == ("n", "t", "at", "kind")
    assert record.field("t").unit == "degC"


def test_a_field_that_is_not_there_is_a_sentence() -> None:
    with pytest.raises(KeyError) as refused:
        parse("r", declaration()).field("x")
    assert refused.value.args == ("R has no field 'x'; it has n",)


@pytest.mark.parametrize(
    ("declared", "sentence"),
    [
        (
            declaration({"name": "x", "type": "bytes", "doc": "d"}),
            (
                "schemas/r.avsc, field x: type 'bytes' is not supported; use one of string, double, int, long, boolean,"
                " timestamp-millis, enum, or a union with null"
            ),
        ),
        (
            declaration({"name": "x", "type": {"type": "long", "logicalType": "timestamp-micros"}, "doc": "d"}),
            (
                "schemas/r.avsc, field x: type 'timestamp-micros' is not supported; use one of string, double, int,"
                " long, boolean, timestamp-millis, enum, or a union with null"
            ),
        ),
        (
            declaration({"name": "x", "type": {"type": "map", "values": "int"}, "doc": "d"}),
            (
                "schemas/r.avsc, field x: type {'type': 'map', 'values': 'int'} is not supported; use one of string,"
                " double, int, long, boolean, timestamp-millis, enum, or a union with null"
            ),
        ),
        (
            declaration({"name": "x", "type": ["double", "null"], "doc": "d"}),
            "schemas/r.avsc, field x: a union must be [null, type], found ['double', 'null']",
        ),
        (
            declaration({"name": "x", "type": ["null", "int", "string"], "doc": "d"}),
            "schemas/r.avsc, field x: a union must be [null, type], found ['null', 'int', 'string']",
        ),
        (
            declaration({"name": "x", "type": "int"}),
            "schemas/r.avsc, field x: has no doc; say what the field means",
        ),
        (declaration(identity=()), "schemas/r.avsc: identity [] must name fields that are never null"),
        (declaration(identity=("y",)), "schemas/r.avsc: identity ['y'] must name fields that are never null"),
        (
            declaration({"name": "x", "type": ["null", "int"], "doc": "d"}, identity=("n", "x")),
            "schemas/r.avsc: identity ['n', 'x'] must name fields that are never null",
        ),
    ],
)
def test_a_refusal_is_a_sentence(declared: dict[str, Any], sentence: str) -> None:
    with pytest.raises(SchemaError) as refused:
        parse("r", declared)
    assert str(refused.value) == sentence


def test_records_are_named_after_their_files(tmp_path: Path) -> None:
    for name in ("b", "a"):
        (tmp_path / f"{name}.avsc").write_text(json.dumps(declaration()))
    (tmp_path / "README.md").write_text("no schema")

    assert list(load(tmp_path)) == ["a", "b"]
    assert list(RECORDS) == ["weather_anomaly", "weather_enriched", "weather_observation", "weather_window"]


def test_what_identifies_a_row() -> None:
    assert {name: record.identity for name, record in RECORDS.items()} == {
        "weather_observation": ("source", "station_id", "observed_at"),
        "weather_enriched": ("source", "station_id", "observed_at"),
        "weather_window": ("window_kind", "source", "station_id", "window_start"),
        "weather_anomaly": ("source", "station_id", "observed_at", "variable"),
    }


def test_an_enriched_record_begins_as_the_observation_it_came_from() -> None:
    """The docs may differ: an enriched dew point may be derived."""
    observation, enriched = RECORDS["weather_observation"], RECORDS["weather_enriched"]
    seen = [(f.name, f.kind, f.nullable, f.unit, f.symbols) for f in enriched.fields]

    assert seen[: len(observation.fields)] == [
        (f.name, f.kind, f.nullable, f.unit, f.symbols) for f in observation.fields
    ]


UNITS = {"_c": "degC", "_pct": "%", "_hpa": "hPa", "_ms": "m/s", "_deg": "deg", "_mm": "mm", "_m": "m", "_at": "UTC"}


@pytest.mark.parametrize("record", RECORDS.values(), ids=lambda record: record.name)
def test_the_unit_in_a_name_is_the_unit_of_the_field(record: Record) -> None:
    named = {f.name: unit for f in record.fields for ending, unit in UNITS.items() if f.name.endswith(ending)}

    assert {f.name: f.unit for f in record.fields if f.name in named} == named


@pytest.mark.parametrize("name", RECORDS)
def test_a_schema_is_valid_avro(name: str) -> None:
    """`strict` has fastavro check names, symbols and the types of defaults as well."""
    fastavro.parse_schema(avro(name), _write_hint=False)


@pytest.mark.parametrize("name", RECORDS)
def test_a_nullable_field_defaults_to_null(name: str) -> None:
    """So that a reader of Avro takes a record that was written before the field was there."""
    fields = avro(name)["fields"]

    assert [f["name"] for f in fields if isinstance(f["type"], list) != ("default" in f)] == []
    assert [f["name"] for f in fields if f.get("default") is not None] == []


@given(ANY_RECORD)
def test_any_record_can_be_written_as_avro(record: msgspec.Struct) -> None:
    schema = fastavro.parse_schema(avro(record_of(type(record)).name))
    content = msgspec.structs.asdict(record)
    written = io.BytesIO()

    fastavro.schemaless_writer(written, schema, content, strict=True)
    written.seek(0)

    assert fastavro.schemaless_reader(written, schema, None) == content
