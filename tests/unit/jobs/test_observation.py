"""What our own producers write has the shape and splits into its fields; a near miss has not, and is told where."""

import calendar
import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.schema import Field, Kind
from contracts.types import WeatherObservation
from contracts.wire import encode
from jobs import observation as sql
from jobs.observation import BETWEEN_FIELDS, FIELDS, SHAPE
from tests.fixtures.observations import NINE, observation
from tests.unit.jobs.duck import Duck

DUCK = Duck()


def pattern(java: str) -> re.Pattern[str]:
    """A pattern of Java for Python, which spells one anchor otherwise."""
    return re.compile(java.replace(r"\z", r"\Z"))


SHAPELY, LEADING = pattern(SHAPE), pattern(sql._PREFIX)
GOOD = encode(observation()).decode()

# ---- records as producers make them ----

PLAIN_TEXT = st.text(
    st.sampled_from(",:{}[]' ")
    | st.characters(codec="utf-8", exclude_characters='"\\\ufffd', exclude_categories=["Cc"]),
    min_size=1,
    max_size=20,
).filter(lambda text: not text.endswith(","))
"""Without what JSON escapes (such a record is refused or rewritten), the mark of bytes that were no UTF-8, and a comma
at the end: with the quote that follows it would look like the beginning of a field."""

NUMBERS = st.just(0.0) | st.builds(
    lambda sign, size, exponent: sign * size * 10.0**exponent,
    st.sampled_from([-1, 1]),
    st.floats(1, 9.99),
    st.integers(-4, 14),
)
"""Between 0.0001 and 10^15, where the encoder writes no exponent: smaller and larger ones are rewritten first."""

_VALUES: dict[Kind, st.SearchStrategy[Any]] = {
    Kind.STRING: PLAIN_TEXT,
    Kind.DOUBLE: NUMBERS,
    Kind.INT: st.integers(0, 999_999_999),
    Kind.BOOLEAN: st.booleans(),
    Kind.TIMESTAMP: st.integers(0, 2**42).map(lambda ms: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)),
}


def allowed(field: Field) -> st.SearchStrategy[Any]:
    return st.none() | _VALUES[field.kind] if field.nullable else _VALUES[field.kind]


OBSERVATIONS = st.fixed_dictionaries({field.name: allowed(field) for field in FIELDS}).map(
    lambda content: WeatherObservation(**content)
)


@given(OBSERVATIONS)
def test_what_a_producer_writes_has_the_shape(record: WeatherObservation) -> None:
    assert SHAPELY.match(encode(record).decode())


@given(OBSERVATIONS)
def test_a_split_cuts_between_fields_only(record: WeatherObservation) -> None:
    parts = encode(record).decode().split(BETWEEN_FIELDS)

    texts = [msgspec.json.encode(value).decode() for value in msgspec.structs.astuple(record)]
    expected = [f'{field.name}":{text}' for field, text in zip(FIELDS, texts, strict=True)]
    assert parts == ['{"' + expected[0], *expected[1:-1], expected[-1] + "}"]


@settings(max_examples=30)
@given(OBSERVATIONS)
def test_every_value_comes_back_typed(record: WeatherObservation) -> None:
    """The expressions Flink evaluates, on the text that it gets."""
    DUCK.connection.execute(
        "CREATE OR REPLACE TABLE lines AS SELECT SPLIT(CAST(? AS VARCHAR), CAST(? AS VARCHAR)) AS parts",
        [encode(record).decode(), BETWEEN_FIELDS],
    )
    values = ", ".join(f"{sql.value(field)} AS {field.name}" for field in FIELDS)
    DUCK.run([f"CREATE TEMPORARY VIEW typed AS SELECT {values} FROM lines"])

    assert DUCK.rows("FROM typed") == [msgspec.structs.asdict(record)]


# ---- near misses ----


def changed(old: str, new: str) -> str:
    assert GOOD.count(old) >= 1
    return GOOD.replace(old, new, 1)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        GOOD + "\n",
        GOOD + "\r\n",
        " " + GOOD,
        GOOD + GOOD,
        GOOD.replace(",", ", "),
        GOOD.replace(":null", ": null"),
        GOOD[:-1],
        GOOD[1:],
        GOOD[:-1] + ',"more":1}',
        changed('"source":"metoffice","station_id":"gcpsvg"', '"station_id":"gcpsvg","source":"metoffice"'),
        changed('"lat":null,', ""),
        changed('"lat"', '"LAT"'),
        changed('"metoffice"', "null"),
        changed('"metoffice"', '""'),
        changed("metoffice", "metoffice,"),
        changed("metoffice", ","),
        changed("metoffice", 'met\\"office'),
        changed("metoffice", "met\\\\office"),
        changed("metoffice", "met\\u0041office"),
        changed("metoffice", "met\toffice"),
        changed("metoffice", "met\ufffdoffice"),
        changed('"metoffice"', '"a","station_id":"b"'),
        changed('"revision":0', '"revision":-1'),
        changed('"revision":0', '"revision":0.0'),
        changed('"revision":0', '"revision":00'),
        changed('"revision":0', '"revision":1000000000'),
        changed('"revision":0', '"revision":null'),
        *(
            changed('"lat":null', f'"lat":{number}')
            for number in ("NaN", "Infinity", "-", "1.", ".5", "+1", "01", "0x1", "1,5", '"1"', "1e5x", "", "true")
        ),
        *(changed('lower_bound":null', f'lower_bound":{value}') for value in ("True", "1", '"true"')),
        changed('"weather_code":null', '"weather_code":7'),
    ],
)
def test_a_near_miss_has_not_the_shape(text: str) -> None:
    assert not SHAPELY.match(text)


# ---- times ----


def timestamp(text: str) -> bool:
    return SHAPELY.match(changed("2026-11-20T09:00:00Z", text)) is not None


def test_every_day_of_the_calendar_and_no_other() -> None:
    """One common and one leap year in full, then the end of February in every year that four digits can say."""
    for year in (2024, 2026):
        for month in range(1, 14):
            for day in range(33):
                try:
                    real = bool(date(year, month, day))
                except ValueError:
                    real = False
                assert timestamp(f"{year}-{month:02d}-{day:02d}T00:00:00Z") is real, (year, month, day)
    months = pattern(f"^{sql._SHAPES[Kind.TIMESTAMP]}$")
    wrong = [
        year
        for year in range(10_000)
        if bool(months.match(f'"{year:04d}-02-29T00:00:00Z"')) != (year >= 1970 and calendar.isleap(year))
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("text", "shapely"),
    [
        ("2026-11-20T23:59:59Z", True),
        ("2026-11-20T23:59:59.007Z", True),
        ("2026-11-20T23:59:59.007000Z", True),
        ("1970-01-01T00:00:00Z", True),
        ("1969-12-31T23:59:59Z", False),
        ("2026-11-20T24:00:00Z", False),
        ("2026-11-20T09:60:00Z", False),
        ("2026-11-20T09:00:60Z", False),
        ("2026-11-20T09:00:00.7Z", False),
        ("2026-11-20T09:00:00.0070001Z", False),
        ("2026-11-20T09:00:00", False),
        ("2026-11-20T09:00:00+00:00", False),
        ("2026-11-20 09:00:00Z", False),
        ("2026-11-20T09:00Z", False),
        ("02026-11-20T09:00:00Z", False),
        ("1763629200", False),
    ],
)
def test_times_are_utc_to_the_second_or_finer(text: str, shapely: bool) -> None:
    assert timestamp(text) is shapely


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-20T09:00:00Z", NINE),
        ("2026-11-20T09:00:00.007Z", NINE + timedelta(milliseconds=7)),
        ("2026-11-20T09:00:00.007999Z", NINE + timedelta(milliseconds=7)),
    ],
)
def test_an_instant_is_kept_to_the_millisecond(text: str, moment: datetime) -> None:
    assert DUCK.evaluate(sql.instant(f"'{text}'")) == moment


# ---- what is wrong ----


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
def test_the_match_of_a_broken_record_ends_where_it_is_broken(field: Field) -> None:
    broken = re.sub(f'"{field.name}":("[^"]*"|[^,}}]*)', f'"{field.name}":[]', GOOD)
    leading = LEADING.match(broken)

    assert leading is not None
    assert broken[leading.end() :].startswith(f'"{field.name}":[]')


@pytest.mark.parametrize(
    ("original", "line", "reason"),
    [
        (None, None, "expected a JSON object, found no value"),
        ("temp=3", None, "expected one JSON object in UTF-8, found temp=3"),
        ("x" * 100, None, f"expected one JSON object in UTF-8, found {'x' * 80}"),
        (
            "{}",
            changed('"lat":null', '"lat":"north"'),
            (
                "expected source and station_id as text, times as UTC like 2026-11-20T09:00:00Z, revision as a whole"
                ' number, others as numbers or null; found "lat":"north","lon":null,"elevation_m":null,'
                '"temperature_c":null,"dew_point_c":n'
            ),
        ),
    ],
)
def test_a_departure_is_a_sentence(original: str | None, line: str | None, reason: str) -> None:
    types = {"original": "BLOB", "txt": "VARCHAR", "line": "VARCHAR"}
    raw = original.encode() if original is not None else None

    assert DUCK.evaluate(sql.departure(), types, original=raw, txt=original, line=line) == reason
