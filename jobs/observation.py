"""How SQL takes an observation apart without losing one: bring it to one shape, prove the shape, split it.

Our own producers write records in one shape: all fields, in schema order, no spaces. A record that is other JSON
(another order, spaces, fields missing or unknown) is first rewritten into that shape, one JSON_QUERY per field, which
is slow and rare. Then one regular expression (`SHAPE`) proves that a split at `,"` cuts exactly between fields, and
every value is a part of the split. A record that cannot be brought into the shape is refused with the place where it
departs from it, and its bytes are still at hand. docs/decisions/0003 has the measurements and what else was weighed.
"""

from contracts.schema import RECORDS, Field, Kind
from jobs.sql import literal, once

FIELDS = RECORDS["weather_observation"].fields

_YEAR = "(?:19[7-9][0-9]|[2-9][0-9]{3})"  # Flink's calendar functions err before 1970
_LEAP_YEAR = "(?:19(?:[79][26]|8[048])|[2-9][0-9](?:0[48]|[2468][048]|[13579][26])|(?:[2468][048]|[3579][26])00)"
_DAY = "(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)"
_TIME = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{3}(?:[0-9]{3})?)?Z"
_SHAPES = {
    # a quote or backslash inside a text would come escaped; U+FFFD stands where bytes were not UTF-8; a comma at the
    # end would look, with the quote behind it, like the place between two fields
    Kind.STRING: r'"[^"\\\x00-\x1f\uFFFD]*[^",\\\x00-\x1f\uFFFD]"',
    Kind.TIMESTAMP: f'"(?:{_YEAR}-{_DAY}|{_LEAP_YEAR}-02-29)T{_TIME}"',
    Kind.DOUBLE: r"-?(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,20})?(?:E[-+]?[0-9]{1,3})?",
    Kind.INT: "(?:0|[1-9][0-9]{0,8})",
    Kind.BOOLEAN: "(?:true|false)",
}


def _shape(field: Field) -> str:
    shape = _SHAPES[field.kind]
    return f'"{field.name}":' + (f"(?:null|{shape})" if field.nullable else shape)


SHAPE = r"^\{" + ",".join(_shape(field) for field in FIELDS) + r"\}\z"
"""\\z, because $ lets a line feed follow."""

_PREFIX = r"^\{" + "".join(f"(?:{_shape(field)}," for field in FIELDS) + "".join(")?" for _ in FIELDS)
"""Matches as many leading fields as have the shape: what follows the match is what is wrong."""


BETWEEN_FIELDS = ',"'
"""Where a shapely record is cut: no text holds a quote or ends with a comma, so this stands between fields only."""


def rewritten() -> str:
    """`txt` in the usual order and spacing, null where a field is missing. Only for text that is a JSON object."""
    members = []
    for index, field in enumerate(FIELDS):
        wrapped = f"JSON_QUERY(txt, {literal(f'$.{field.name}')} WITH UNCONDITIONAL WRAPPER)"
        value = f"COALESCE(SUBSTRING({wrapped}, 2, CHAR_LENGTH({wrapped}) - 2), 'null')"
        members.append(literal(("," if index else "{") + f'"{field.name}":') + f", {value}")
    return f"CONCAT({', '.join(members)}, '}}')"


def views() -> list[str]:
    """Views from `observations` to `split`: `line` is the record in the usual shape, or null if it cannot be."""
    usual = f"COALESCE(REGEXP(txt, {literal(SHAPE)}), FALSE)"
    # the JSON parser stops at the end of the first value; inside an array it cannot
    wrapped = "CONCAT('[', txt, ']')"
    is_object = (
        f"COALESCE(txt IS JSON OBJECT AND {wrapped} IS JSON ARRAY AND NOT JSON_EXISTS({wrapped}, '$[1]')"
        " AND ENCODE(txt, 'UTF-8') = original, FALSE)"
    )
    return [
        f"CREATE TEMPORARY VIEW shaped AS SELECT *, {once(usual)} AS usual FROM observations",
        f"""CREATE TEMPORARY VIEW lined AS SELECT *,
            {once(f"CASE WHEN usual THEN txt WHEN {is_object} THEN {rewritten()} END")} AS line FROM shaped""",
        f"""CREATE TEMPORARY VIEW split AS SELECT *, {once(f"SPLIT(line, {literal(BETWEEN_FIELDS)})")} AS parts,
            {once(f"usual OR COALESCE(REGEXP(line, {literal(SHAPE)}), FALSE)")} AS shapely FROM lined""",
    ]


def departure() -> str:
    """Why a record without the shape is refused: the field at which it departs, or that it is no JSON object at all."""
    rest = f"SUBSTRING(line, CHAR_LENGTH(REGEXP_EXTRACT(line, {literal(_PREFIX)}, 0)) + 1, 80)"
    fields = (
        "source and station_id as text, times as UTC like 2026-11-20T09:00:00Z,"
        " revision as a whole number, others as numbers or null"
    )
    return (
        "CASE WHEN original IS NULL THEN 'expected a JSON object, found no value'"
        " WHEN line IS NULL THEN CONCAT('expected one JSON object in UTF-8, found ', SUBSTRING(txt, 1, 80))"
        f" ELSE CONCAT('expected {fields}; found ', {rest}) END"
    )


def value(field: Field) -> str:
    """The typed value of a field from `parts`, where the record is shapely."""
    index = FIELDS.index(field)
    opening = len(f'{{"{field.name}":') if index == 0 else len(f'{field.name}":')  # the split took the first quote
    text = f"SUBSTRING(parts[{index + 1}], {opening + 1})"
    if index == len(FIELDS) - 1:
        text = f"TRIM(TRAILING '}}' FROM {text})"
    match field.kind:
        case Kind.DOUBLE:
            return f"TRY_CAST({text} AS DOUBLE)"
        case Kind.INT:
            return f"TRY_CAST({text} AS INT)"
        case Kind.BOOLEAN:
            return f"TRY_CAST({text} AS BOOLEAN)"
        case Kind.TIMESTAMP:
            return instant(f"TRIM(BOTH '\"' FROM {text})")
    bare = f"TRIM(BOTH '\"' FROM {text})"
    return f"CASE WHEN {text} <> 'null' THEN {bare} END" if field.nullable else bare


def instant(text: str) -> str:
    """The instant of a UTC text to the millisecond; NULL if it is none."""
    seconds, millis = literal("yyyy-MM-dd'T'HH:mm:ss'Z'"), literal("yyyy-MM-dd'T'HH:mm:ss.SSS")
    return (
        f"CAST(CASE WHEN CHAR_LENGTH({text}) = 20 THEN TO_TIMESTAMP({text}, {seconds})"
        f" ELSE TO_TIMESTAMP(SUBSTRING({text}, 1, 23), {millis}) END AS TIMESTAMP_LTZ(3))"
    )


OBSERVED_AT_TEXT = """REGEXP_EXTRACT(CAST(original AS STRING), '"observed_at"\\s*:\\s*"([^"]*)"', 1)"""
"""observed_at straight from the bytes: the watermark is computed inside the source, before any view."""
