r"""Records as the CSV that COPY reads, made by the JSON encoder: no Python per field, no Python per character.

A record as a JSON array *is* a CSV line once its brackets are gone: with QUOTE '"', ESCAPE '\' and NULL 'null', texts
and times are quoted, numbers, true and false are bare, and only a bare `null` is null. A raw line feed never occurs
inside JSON, so `]`, line feed, `[` can only be the border of two records. The one difference are JSON's escapes of
control characters, which CSV does not know; they are put back where a backslash occurs at all. Measured against the
other ways in docs/decisions/0005-sink-offsets-in-the-database.md.
"""

import re
from collections.abc import Sequence

import msgspec

from contracts.postgres import row

OPTIONS = r"(FORMAT csv, NULL 'null', QUOTE '\"', ESCAPE '\')".replace(r"\"", '"')
"""What COPY must be told to read it."""

_encoder = msgspec.json.Encoder()
_ESCAPE = re.compile(rb'\\(?:(["\\])|([bfnrt])|u([0-9a-fA-F]{4}))')
_CONTROL = {b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t"}


def csv_lines(records: Sequence[msgspec.Struct]) -> bytes:
    """One line per record, columns in schema order; needs at least one record."""
    lines = _encoder.encode_lines([row(record) for record in records])
    lines = lines[1:-2].replace(b"]\n[", b"\n")
    return _ESCAPE.sub(_unescaped, lines) if b"\\" in lines else lines


def _unescaped(match: re.Match[bytes]) -> bytes:
    quoted, control, code = match.groups()
    if quoted:
        return match[0]
    return _CONTROL[control] if control else chr(int(code, 16)).encode()
