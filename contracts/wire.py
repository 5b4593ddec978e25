"""The JSON form of a record: members named and ordered as in its schema, nulls written, times in UTC as `...Z`.

One codec for everything Python writes or reads; Flink's own JSON format is set to the same form in `contracts.flink`.
msgspec checks types while it decodes, so a wrong value is refused here and not found later in a database.
"""

from datetime import UTC, datetime
from functools import cache
from typing import Any, TypeVar

import msgspec

from contracts.schema import RECORDS, Record

S = TypeVar("S", bound=msgspec.Struct)

_encoder = msgspec.json.Encoder()
_BY_TYPE_NAME = {record.type_name: record for record in RECORDS.values()}


class WireError(ValueError):
    """Bytes that are not the JSON form of the expected record; the text names record, field and what was found."""


@cache
def _decoder(struct_type: type[Any]) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(struct_type)


def record_of(struct_type: type[msgspec.Struct]) -> Record:
    """The contract a Python type was generated from."""
    return _BY_TYPE_NAME[struct_type.__name__]


def encode(record: msgspec.Struct) -> bytes:
    """The JSON form of a record, UTF-8, no spaces."""
    return _encoder.encode(record)


def decode(struct_type: type[S], data: bytes) -> S:
    """A record from its JSON form; unknown members are ignored, so that a field may be added upstream first.

    Raises:
        WireError: no JSON, a member missing, null where it may not be, of another type or beyond its range.
    """
    try:
        value: S = _decoder(struct_type).decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        # RecursionError: an unknown member nested a thousand deep must not stop a reader either
        raise WireError(f"not a {struct_type.__name__}: {error}") from error
    return value


def key(record: msgspec.Struct, fields: tuple[str, ...]) -> bytes:
    """A Kafka message key: the bare text of a single field, a JSON object of several (what Flink's formats write)."""
    if len(fields) == 1:
        return str(getattr(record, fields[0])).encode()
    return _encoder.encode({name: getattr(record, name) for name in fields})


def utc(moment: datetime) -> str:
    """ISO-8601 with Z, whole seconds where there is no fraction."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
