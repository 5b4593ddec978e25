"""`read_json` against a reading of our own, and what it refuses, word by word."""

import json
import math
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.schema import Field, Kind
from contracts.types import WeatherObservation
from contracts.wire import encode
from tests.integration.job import cases
from tests.unit.jobs.harness import FunctionError, Functions
from tests.unit.jobs.readings import EPOCH, FIELDS, GOOD, QUOTED, changed, model, read, records, refusal


def agree(java: Functions, *values: bytes) -> None:
    for value, (fields, why) in zip(values, read(java, *values), strict=True):
        assert fields == model(value), (value, why)


# ---- records ----

_VALUES: dict[Kind, st.SearchStrategy[Any]] = {
    Kind.STRING: st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1, max_size=20),
    Kind.DOUBLE: st.floats(allow_nan=False, allow_infinity=False),
    Kind.INT: st.integers(-(2**31), 2**31 - 1),
    Kind.BOOLEAN: st.booleans(),
    Kind.TIMESTAMP: st.integers(0, 253_402_300_799_999).map(lambda ms: EPOCH + timedelta(milliseconds=ms)),
}


def allowed(field: Field) -> st.SearchStrategy[Any]:
    return st.none() | _VALUES[field.kind] if field.nullable else _VALUES[field.kind]


@settings(max_examples=40)
@given(st.fixed_dictionaries({field.name: allowed(field) for field in FIELDS}))
def test_what_a_producer_writes_comes_back(java: Functions, content: dict[str, Any]) -> None:
    record = WeatherObservation(**content)

    assert read(java, encode(record)) == [(msgspec.structs.asdict(record), None)]


@settings(max_examples=60)
@given(records())
def test_it_reads_what_python_reads(java: Functions, value: bytes) -> None:
    agree(java, value)


@settings(max_examples=40)
@given(records(), st.floats(0, 1), st.floats(0, 1), st.binary(max_size=3) | st.sampled_from([b'"', b"\\", b"{", b"0"]))
def test_a_damaged_record_is_read_or_refused_as_python_does(
    java: Functions, value: bytes, begin: float, end: float, piece: bytes
) -> None:
    """Cut, overwritten, lengthened; and no exception, which would stop the job at every attempt."""
    low, high = sorted((int(begin * len(value)), int(end * len(value))))
    agree(java, value[:low] + piece + value[low:], value[:low] + piece + value[high:], value[:high], piece + value)


@settings(max_examples=40)
@given(st.binary(max_size=60))
def test_bytes_of_any_kind(java: Functions, value: bytes) -> None:
    agree(java, value, b"{" + value + b"}", b'{"weather_code":"' + value + b'"}')


NUMBERS = st.from_regex(r"-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,40})?([eE][+-]?[0-9]{1,3})?", fullmatch=True)


@settings(max_examples=60)
@given(NUMBERS)
def test_a_number_is_the_nearest_double(java: Functions, text: str) -> None:
    value = changed('"lat":null', f'"lat":{text}')
    ((fields, why),) = read(java, value)

    if math.isinf(float(text)):
        assert why == f"expected lat as a number, or null, found {quoted(value, text)}"
    else:
        assert fields is not None
        assert fields["lat"] == float(text)


def quoted(value: bytes, beginning: str) -> str:
    """From there on, as far as a refusal quotes."""
    at = value.index(beginning.encode())
    return value[at : at + QUOTED].decode("utf-8", "replace")


# ---- the cases of the whole job ----


def test_the_cases_of_the_whole_job(java: Functions) -> None:
    """The job refuses more, by limits and by the broker's clock: those cases are good here."""
    later = (cases.IMPOSSIBLE, cases.FUTURE, cases.NEGATIVE)
    every = [*cases.by_hand(), *cases.generated(7, accepted=20, refused=20)]
    for case, (fields, why) in zip(every, read(java, *(case.value for case in every)), strict=True):
        if case.reason is None:
            assert (fields, why) == (case.expected, None), case.name
        elif case.reason.startswith(later):
            assert why is None, case.name
        elif case.reason == "":
            assert case.value is None or (fields, why is None) == (model(case.value), False), (case.name, fields, why)
        else:
            assert (why or "").startswith(case.reason), (case.name, why)


# ---- refusals, word by word ----

TEXT = "as a text that is not empty, without control characters"
A_TIME = "as a time in UTC from 1970 on, like 2026-11-20T09:00:00Z"


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "expected a JSON object, found no value"),
        (b"", "expected one JSON object in UTF-8, found "),
        (b"temp=3", "expected one JSON object in UTF-8, found temp=3"),
        (b"x" * 100, f"expected one JSON object in UTF-8, found {'x' * QUOTED}"),
        (b"\xff\xfe", "expected one JSON object in UTF-8, found \ufffd\ufffd"),
        (b"{}", f"expected source {TEXT}, found no such field"),
        (b'{"mood":' + b"[" * 100_000, "expected one JSON object in UTF-8, found {"),
        (b'{"source":"s"}', f"expected station_id {TEXT}, found no such field"),
        (changed('"source":"metoffice",', ""), f"expected source {TEXT}, found no such field"),
        (changed('"source":"metoffice"', '"source":null'), f"expected source {TEXT}, found null,"),
        (changed('"source":"metoffice"', '"source":"a\\tb"'), f'expected source {TEXT}, found "a\\tb",'),
        (changed('"source":"metoffice"', '"source":7'), f"expected source {TEXT}, found 7,"),
        (changed('"weather_code":null', '"weather_code":""'), f'expected weather_code {TEXT}, or null, found ""}}'),
        (changed('"lat":null', '"lat":"north"'), 'expected lat as a number, or null, found "north",'),
        (changed('"lat":null', '"lat":[1]'), "expected lat as a number, or null, found [1],"),
        (changed('"lat":null', '"lat":1E400'), "expected lat as a number, or null, found 1E400,"),
        (changed('"revision":0', '"revision":1.0'), "expected revision as a whole number of 32 bits, found 1.0,"),
        (
            changed('"revision":0', '"revision":2147483648'),
            "expected revision as a whole number of 32 bits, found 2147483648,",
        ),
        (changed('"revision":0', '"revision":null'), 'expected revision as a whole number of 32 bits, found null,"l'),
        (
            changed('"visibility_is_lower_bound":null', '"visibility_is_lower_bound":1'),
            "expected visibility_is_lower_bound as true or false, or null, found 1,",
        ),
        (
            changed('"observed_at":"2026-11-20T09:00:00Z"', '"observed_at":"2026-11-20"'),
            f'expected observed_at {A_TIME}, found "2026-11-20",',
        ),
        (changed('"lat":null', '"lat":1,"lat":1'), "expected lat once, found it again"),
        (changed('"lat":null', '"lat":1,"l\\u0061t":1'), "expected lat once, found it again"),
    ],
)
def test_a_refusal_is_a_sentence(java: Functions, value: bytes | None, reason: str) -> None:
    """It quotes from the value in question on, as far as 80 bytes go."""
    head, _, found = reason.partition(", found ")
    if value is not None and found not in ("no such field", "it again") and b"\xff" not in value:
        found = quoted(value, found)
    assert refusal(java, value) == f"{head}, found {found}"


def test_a_character_that_is_cut_is_a_replacement(java: Functions) -> None:
    value = changed('"lat":null', f'"lat":"{"x" * (QUOTED - 2)}霧"')

    assert refusal(java, value) == f'expected lat as a number, or null, found "{"x" * (QUOTED - 2)}\ufffd'


def test_a_record_of_a_hundred_thousand_names(java: Functions) -> None:
    """A table of names that overflows must not stop the job."""
    more = json.dumps({f"name {number}": number for number in range(100_000)})

    assert refusal(java, GOOD[:-1] + b"," + more[1:].encode()) is None


@pytest.mark.parametrize(
    ("schema", "sentence"),
    [
        ("a DOUBLE, b", "expected NAME TYPE [NOT NULL], found 'b'"),
        ("a DOUBLE NULL", "expected NAME TYPE [NOT NULL], found 'a DOUBLE NULL'"),
        (
            "a FLOAT",
            "expected one of [STRING, TIMESTAMP, DOUBLE, INT, BIGINT, BOOLEAN] as the type of a, found FLOAT",
        ),
        (", ".join(f"f{number} INT" for number in range(65)), "expected at most 64 fields, found 65"),
    ],
)
def test_a_wrong_schema_is_a_sentence(java: Functions, schema: str, sentence: str) -> None:
    with pytest.raises(FunctionError) as refused:
        java.read_json(schema, [b"{}"])

    assert str(refused.value) == f"org.apache.flink.table.api.ValidationException: {sentence}"


@pytest.mark.parametrize(
    ("text", "found"),
    [("9223372036854775807", 2**63 - 1), ("-9223372036854775808", -(2**63)), ("9223372036854775808", None)],
)
def test_whole_numbers_of_64_bits(java: Functions, text: str, found: int | None) -> None:
    assert java.read_json("n BIGINT", [f'{{"n":{text}}}'.encode()])[0][0] == found
