"""`read_json` and `json_time` against readings of our own: Python's json, and datetime."""

import json
import math
import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.flink import json_fields
from contracts.schema import RECORDS, Field, Kind
from contracts.types import WeatherObservation
from contracts.wire import encode
from tests.fixtures.observations import NINE, observation
from tests.integration.job import cases
from tests.unit.jobs.harness import FunctionError, Functions

RECORD = RECORDS["weather_observation"]
FIELDS = RECORD.fields
SCHEMA = json_fields(RECORD)
EPOCH = datetime.fromtimestamp(0, UTC)
QUOTED = 80
GOOD = encode(observation())

Read = tuple[dict[str, Any] | None, str | None]
"""The fields, or why not."""


def read(java: Functions, *values: bytes | None) -> list[Read]:
    found = []
    for row in java.read_json(SCHEMA, values):
        fields = {field.name: _python(field, value) for field, value in zip(FIELDS, row[:-1], strict=True)}
        assert row[-1] is None or set(fields.values()) == {None}, "a refused record has no fields"
        found.append((None if row[-1] else fields, row[-1]))
    return found


def _python(field: Field, value: Any) -> Any:
    if field.kind is Kind.TIMESTAMP and value is not None:
        return EPOCH + timedelta(milliseconds=value)
    return value


def refusal(java: Functions, value: bytes | None) -> str | None:
    return read(java, value)[0][1]


def changed(old: str, new: str) -> bytes:
    text = GOOD.decode()
    assert text.count(old) == 1, (old, text)
    return text.replace(old, new).encode()


# ---- the independent reading ----

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3}(\d{3})?)?Z", re.ASCII)


def time(text: str) -> datetime | None:
    """To the millisecond, or None if it is no time of ours."""
    if not TIME.fullmatch(text):
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found.replace(microsecond=found.microsecond // 1000 * 1000) if found.year >= 1970 else None


class _Members(list[tuple[str, Any]]):
    """An object as it was written: a dict would hide what is there twice."""


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def typed(field: Field, value: Any) -> Any:
    """The value as the field has it, or ValueError."""
    whole = isinstance(value, int) and not isinstance(value, bool)
    match field.kind:
        case Kind.STRING if (
            isinstance(value, str) and value and not re.search(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]", value)
        ):
            return value
        case Kind.TIMESTAMP if isinstance(value, str) and (found := time(value)):
            return found
        case Kind.DOUBLE if (whole or isinstance(value, float)) and math.isfinite(as_double := _double(value)):
            return as_double
        case Kind.INT if whole and -(2**31) <= value < 2**31:
            return value
        case Kind.BOOLEAN if isinstance(value, bool):
            return value
    if value is None and field.nullable:
        return None
    raise ValueError(field.name)


def _double(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf


def model(value: bytes) -> dict[str, Any] | None:
    """The fields, or None for what must be refused."""
    try:
        text = value.decode("utf-8")
        members = json.loads(text, object_pairs_hook=_Members, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return None
    if not isinstance(members, _Members) or text.startswith("\ufeff") or "\0" in text:
        return None
    given = [name for name, _ in members if name in RECORD.names]
    if len(set(given)) < len(given):
        return None
    found: dict[str, Any] = dict.fromkeys(RECORD.names)
    for field in FIELDS:
        if not field.nullable and field.name not in given:
            return None
    try:
        for name, content in members:
            if name in found:
                found[name] = typed(RECORD.field(name), content)
    except ValueError:
        return None
    return found


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


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=6,
)
_TIMES = st.datetimes().map(lambda moment: moment.isoformat(timespec="milliseconds") + "Z")
_MEMBERS = st.lists(st.tuples(st.sampled_from(RECORD.names) | st.text(max_size=5), _JSON | _TIMES), max_size=4)


@st.composite
def _records(draw: st.DrawFn) -> bytes:
    """A good record in another writing, most often with a member changed, left out, or written again."""
    members = list(json.loads(GOOD).items())
    for name, value in draw(_MEMBERS):
        place = draw(st.integers(0, len(members)))
        at = [index for index, (known, _) in enumerate(members) if known == name]
        members[at[0] if at and draw(st.booleans()) else place : place] = [(name, value)]
        members = members if draw(st.booleans()) else members[:-1]
    comma, colon = draw(st.sampled_from([(",", ":"), (", ", ": "), (" ,\r\n", "\t: ")]))
    ascii_only = draw(st.booleans())
    written = [
        json.dumps(name, ensure_ascii=ascii_only) + colon + json.dumps(value, ensure_ascii=ascii_only)
        for name, value in members
    ]
    return ("{" + comma.join(written) + "}").encode("utf-8", "surrogatepass")


@settings(max_examples=60)
@given(_records())
def test_it_reads_what_python_reads(java: Functions, value: bytes) -> None:
    agree(java, value)


@settings(max_examples=40)
@given(_records(), st.floats(0, 1), st.floats(0, 1), st.binary(max_size=3) | st.sampled_from([b'"', b"\\", b"{", b"0"]))
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


# ---- times ----


def timed(text: str) -> bytes:
    return changed('"ingested_at":"2026-11-20T09:00:00Z"', f'"ingested_at":{json.dumps(text)}')


def times(java: Functions, *texts: str) -> list[datetime | None]:
    found = read(java, *map(timed, texts))
    assert all(fields or why.startswith(f"expected ingested_at {A_TIME}") for fields, why in found if why or fields)
    return [fields["ingested_at"] if fields else None for fields, _ in found]


def test_every_day_of_130_years_and_no_other(java: Functions) -> None:
    real = [date(1970, 1, 1) + timedelta(days=number) for number in range((date(2101, 1, 1) - date(1970, 1, 1)).days)]
    assert times(java, *(f"{day}T12:34:56Z" for day in real)) == [
        datetime(day.year, day.month, day.day, 12, 34, 56, tzinfo=UTC) for day in real
    ]
    known = {day.isoformat() for day in real}
    every = (f"{y}-{m:02d}-{d:02d}" for y in range(1970, 2101) for m in range(14) for d in (0, 28, 29, 30, 31, 32))
    unreal = [day for day in every if day not in known]
    assert times(java, *(f"{day}T12:34:56Z" for day in unreal)) == [None] * len(unreal)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-20T09:00:00Z", NINE),
        ("2026-11-20T09:00:00.007Z", NINE + timedelta(milliseconds=7)),
        ("2026-11-20T09:00:00.007999Z", NINE + timedelta(milliseconds=7)),
        ("1970-01-01T00:00:00Z", EPOCH),
        ("9999-12-31T23:59:59.999Z", datetime(9999, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC)),
        ("1969-12-31T23:59:59Z", None),
        ("0000-01-01T00:00:00Z", None),
        ("2026-11-20T24:00:00Z", None),
        ("2026-11-20T09:60:00Z", None),
        ("2026-11-20T09:00:60Z", None),
        ("2026-11-20T09:00:00.7Z", None),
        ("2026-11-20T09:00:00,007Z", None),
        ("2026-11-20T09:00:00.0070001Z", None),
        ("2026-11-20T09:00:00.00a000Z", None),
        ("2026-11-20T09:00:00", None),
        ("2026-11-20T09:00:00z", None),
        ("2026-11-20T09:00:00+00:00", None),
        ("2026-11-20T09:00:00.00+00:00", None),
        ("2026-11-20 09:00:00Z", None),
        ("2026-11-20T09:00Z", None),
        ("02026-11-20T09:00:00Z", None),
        ("-026-11-20T09:00:00Z", None),
        ("2026-+1-20T09:00:00Z", None),
        ("٢٠٢٦-11-20T09:00:00Z", None),
        ("1763629200", None),
    ],
)
def test_times_are_utc_to_the_second_or_finer(java: Functions, text: str, moment: datetime | None) -> None:
    assert times(java, text) == [moment]
    assert time(text) == moment, "and so says the model"


_NEARLY = st.from_regex(
    r"(19|20)[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-6][0-9](\.[0-9]{1,7})?Z", fullmatch=True
)


@settings(max_examples=60)
@given(_NEARLY)
def test_what_looks_like_a_time_is_one_if_datetime_says_so(java: Functions, text: str) -> None:
    assert times(java, text) == [time(text)]


# ---- the time for the watermark ----


def watermark_time(java: Functions, value: bytes | None) -> datetime | None:
    (found,) = java.json_time("observed_at", [value])
    return None if found is None else EPOCH + timedelta(milliseconds=found)


@settings(max_examples=40)
@given(_records())
def test_a_time_for_the_watermark_is_that_of_the_record(java: Functions, value: bytes) -> None:
    fields = model(value)
    if fields is not None and value.count(b"observed_at") == 1:
        assert watermark_time(java, value) == fields["observed_at"]


@settings(max_examples=60)
@given(st.binary(max_size=40), _NEARLY)
def test_whatever_the_bytes_are_there_is_a_time_or_none(java: Functions, value: bytes, text: str) -> None:
    """It runs inside the source: an exception there would stop the job before the record could be refused."""
    watermark_time(java, value)
    watermark_time(java, value + b'"observed_at"' + value)
    watermark_time(java, b'"observed_at":' + value)
    watermark_time(java, b'"observed_at":"' + value)
    assert watermark_time(java, b'{"observed_at" :\t"' + text.encode() + b'"' + value) == time(text)


@pytest.mark.parametrize(
    "value", [None, b"", b'"observed_at"', b'"observed_at":', b'"observed_at":"', b'"observed_at":""']
)
def test_no_time_is_none(java: Functions, value: bytes | None) -> None:
    assert watermark_time(java, value) is None
