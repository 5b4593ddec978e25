"""Hypothesis strategies for records, made from the contracts, so that a new field is tested without a word here."""

from datetime import UTC, datetime
from typing import Any

import msgspec
from hypothesis import strategies as st

from contracts import types
from contracts.schema import RECORDS, Field, Kind, Record

DAY = datetime(2026, 11, 20, tzinfo=UTC)

TEXTS = st.text(st.characters(codec="utf-8"), max_size=20)
"""No lone surrogates: they have no UTF-8 form."""

_VALUES: dict[Kind, st.SearchStrategy[Any]] = {
    Kind.STRING: TEXTS,
    Kind.DOUBLE: st.floats(allow_nan=False, allow_infinity=False),
    Kind.INT: st.integers(-(2**31), 2**31 - 1),
    Kind.LONG: st.integers(-(2**63), 2**63 - 1),
    Kind.BOOLEAN: st.booleans(),
    # to the millisecond, which is what the contracts say
    Kind.TIMESTAMP: st.integers(-(10**12), 10**13)
    .map(lambda ms: datetime.fromtimestamp(ms / 1000, UTC))
    .map(lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000)),
}


def struct_type(record: Record) -> type[msgspec.Struct]:
    """The Python type that was generated from a record's contract."""
    found: type[msgspec.Struct] = getattr(types, record.type_name)
    return found


def values(field: Field) -> st.SearchStrategy[Any]:
    """Whatever the contract allows in a field."""
    allowed = st.sampled_from(field.symbols) if field.kind is Kind.ENUM else _VALUES[field.kind]
    return st.none() | allowed if field.nullable else allowed


def records(record: Record) -> st.SearchStrategy[msgspec.Struct]:
    """Any record of one contract."""
    made = {field.name: values(field) for field in record.fields}
    return st.fixed_dictionaries(made).map(lambda content: struct_type(record)(**content))


ANY_RECORD = st.sampled_from(list(RECORDS.values())).flatmap(records)
