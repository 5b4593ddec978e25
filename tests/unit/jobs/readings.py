"""What `read_json` must make of a record, read by Python's own json and datetime; and records to read."""

import json
import math
import re
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from contracts.flink import json_fields
from contracts.schema import RECORDS, Field, Kind
from contracts.wire import encode
from tests.fixtures.observations import observation
from tests.unit.jobs.harness import Functions

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


# ---- records to read ----

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=6,
)
_TIMES = st.datetimes().map(lambda moment: moment.isoformat(timespec="milliseconds") + "Z")
_MEMBERS = st.lists(st.tuples(st.sampled_from(RECORD.names) | st.text(max_size=5), _JSON | _TIMES), max_size=4)


@st.composite
def records(draw: st.DrawFn) -> bytes:
    """A good record in another writing, most often with a member changed, left out, or written again."""
    members = list(json.loads(GOOD).items())
    for name, value in draw(_MEMBERS):
        place = draw(st.integers(0, len(members)))
        at = [index for index, (known, _) in enumerate(members) if known == name]
        replaced: bool = draw(st.booleans())
        members[at[0] if at and replaced else place : place] = [(name, value)]
        members = members if draw(st.booleans()) else members[:-1]
    comma, colon = draw(st.sampled_from([(",", ":"), (", ", ": "), (" ,\r\n", "\t: ")]))
    ascii_only = draw(st.booleans())
    written = [
        json.dumps(name, ensure_ascii=ascii_only) + colon + json.dumps(value, ensure_ascii=ascii_only)
        for name, value in members
    ]
    return ("{" + comma.join(written) + "}").encode("utf-8", "surrogatepass")
