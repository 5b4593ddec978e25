"""Odd and hostile records with what must become of each: the hand list, and a generated sample from a fixed seed.

Every case has a station of its own, so that none changes what is said of another.
"""

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from contracts.schema import RECORDS

SOURCE = "odd"
NINE = "2026-11-20T09:00:00Z"
FIELDS = RECORDS["weather_observation"].names

NOT_JSON = "expected one JSON object in UTF-8, found "
A_NUMBER = "expected temperature_c as a number, or null, found "
A_WHOLE = "expected revision as a whole number of 32 bits, found "
TEXT = "as a text that is not empty, without control characters"
A_TEXT = f"expected weather_code {TEXT}, or null, found "
A_SOURCE, A_STATION = f"expected source {TEXT}, found ", f"expected station_id {TEXT}, found "
A_TIME = "expected observed_at as a time in UTC from 1970 on, like 2026-11-20T09:00:00Z, found "
NEGATIVE = "expected revision to be 0 or more, found "
FUTURE = "expected observed_at at most 3600 s after the broker received it, found a later time"
IMPOSSIBLE = "expected a value that is possible at this latitude and season, found "


@dataclass(frozen=True)
class Case:
    """One record. Accepted if `reason` is None; a reason that ends in a blank is the beginning of one."""

    name: str
    value: bytes | None
    reason: str | None = None
    expected: dict[str, Any] = field(default_factory=dict)
    key: bytes | None = b"odd"

    @property
    def station_id(self) -> str:
        """As the record spells it, if it does."""
        return str(self.expected["station_id"])


def values(station_id: str, **others: Any) -> dict[str, Any]:
    """The fields of an observation as JSON has them."""
    fields: dict[str, Any] = dict.fromkeys(FIELDS)
    fields |= {"source": SOURCE, "station_id": station_id, "observed_at": NINE, "ingested_at": NINE, "revision": 0}
    return fields | {"temperature_c": 7.5} | others


def usual(fields: dict[str, Any]) -> bytes:
    """As our own producers write."""
    return json.dumps(fields, separators=(",", ":"), ensure_ascii=False).encode()


# ---- by hand ----

Edit = Callable[[str], str]


def _replaced(old: str, new: str) -> Edit:
    def edit(text: str) -> str:
        assert text.count(old) == 1, (old, text)
        return text.replace(old, new)

    return edit


TEMPERATURE = '"temperature_c":7.5'

REFUSED_BYTES: dict[str, tuple[bytes | None, str]] = {
    "no value": (None, "expected a JSON object, found no value"),
    "empty": (b"", NOT_JSON),
    "blank": (b"  ", NOT_JSON + "  "),
    "no JSON": (b"temperature: 7", NOT_JSON + "temperature: 7"),
    "cut short": (usual(values("cut"))[:-20], NOT_JSON + '{"source":"odd","station_id":"cut",'),
    "array": (b'[{"source":"odd"}]', NOT_JSON + '[{"source":"odd"}]'),
    "text": (b'"odd"', NOT_JSON + '"odd"'),
    "number": (b"42", NOT_JSON + "42"),
    "null": (b"null", NOT_JSON + "null"),
    "two objects": (usual(values("two-1")) + usual(values("two-2")), NOT_JSON),
    "two objects, a comma between": (usual(values("two-3")) + b"," + usual(values("two-4")), NOT_JSON),
    "two objects, a line each": (usual(values("two-5")) + b"\n" + usual(values("two-6")), NOT_JSON),
    "garbage behind": (usual(values("behind")) + b"}", NOT_JSON),
    "no UTF-8 in a text": (usual(values("latin-X")).replace(b"-X", "-é".encode("latin-1")), NOT_JSON),
    "no UTF-8 at all": (bytes(range(128, 256)), NOT_JSON),
    "UTF-16": (usual(values("wide")).decode().encode("utf-16"), NOT_JSON),
    "a byte order mark": (b"\xef\xbb\xbf" + usual(values("marked")), NOT_JSON),
    "a zero byte": (usual(values("zero")).replace(b"zero", b"ze\0ro"), NOT_JSON),
    "an empty object": (b"{}", A_SOURCE + "no such field"),
    "deep": (b'{"source":' + b"[" * 5000 + b"]" * 5000 + b"}", A_SOURCE + "[[["),
    "deep and unknown": (b'{"mood":' + b"[" * 5000 + b"]" * 5000 + b"}", NOT_JSON),
}

REFUSED_EDITS: dict[str, tuple[Edit, str]] = {
    "text in a number field": (_replaced(TEMPERATURE, '"temperature_c":"warm"'), A_NUMBER + '"warm"'),
    "a number as text": (_replaced(TEMPERATURE, '"temperature_c":"7.5"'), A_NUMBER + '"7.5"'),
    "NaN": (_replaced(TEMPERATURE, '"temperature_c":NaN'), NOT_JSON),
    "Infinity": (_replaced(TEMPERATURE, '"temperature_c":-Infinity'), NOT_JSON),
    "Java's 1d": (_replaced(TEMPERATURE, '"temperature_c":1d'), NOT_JSON),
    "a hexadecimal double": (_replaced(TEMPERATURE, '"temperature_c":0x1p3'), NOT_JSON),
    "a bare point": (_replaced(TEMPERATURE, '"temperature_c":.5'), NOT_JSON),
    "a plus": (_replaced(TEMPERATURE, '"temperature_c":+5'), NOT_JSON),
    "leading zeros": (_replaced(TEMPERATURE, '"temperature_c":007'), NOT_JSON),
    "leading zeros of a revision": (_replaced('"revision":0', '"revision":00'), NOT_JSON),
    "true in a number field": (_replaced(TEMPERATURE, '"temperature_c":true'), A_NUMBER + "true"),
    "an object in a number field": (_replaced(TEMPERATURE, '"temperature_c":{"v":1}'), A_NUMBER + '{"v":1}'),
    "an array in a number field": (_replaced(TEMPERATURE, '"temperature_c":[7.5]'), A_NUMBER + "[7.5]"),
    "a deep array in a number field": (
        _replaced(TEMPERATURE, '"temperature_c":' + "[" * 900 + "]" * 900),
        A_NUMBER + "[[",
    ),
    "a number of 2000 digits": (_replaced(TEMPERATURE, f'"temperature_c":{"9" * 2000}'), NOT_JSON),
    "a huge number": (_replaced(TEMPERATURE, '"temperature_c":1E400'), A_NUMBER + "1E400"),
    "a huge number, small letter": (_replaced(TEMPERATURE, '"temperature_c":1e400'), A_NUMBER + "1e400"),
    "a number for text": (_replaced('"weather_code":null', '"weather_code":500'), A_TEXT + "500}"),
    "a number for true": (
        _replaced('"visibility_is_lower_bound":null', '"visibility_is_lower_bound":1'),
        "expected visibility_is_lower_bound as true or false, or null, found 1,",
    ),
    "a fraction of a revision": (_replaced('"revision":0', '"revision":1.5'), A_WHOLE + "1.5"),
    "a negative revision": (_replaced('"revision":0', '"revision":-1'), NEGATIVE + "-1"),
    "a revision beyond int": (_replaced('"revision":0', '"revision":4294967296'), A_WHOLE + "4294967296"),
    "no revision": (_replaced(',"revision":0', ""), A_WHOLE + "no such field"),
    "no source": (_replaced('"source":"odd",', ""), A_SOURCE + "no such field"),
    "a null source": (_replaced('"odd"', "null"), A_SOURCE + "null"),
    "an empty source": (_replaced('"odd"', '""'), A_SOURCE + '""'),
    "a number as source": (_replaced('"odd"', "1"), A_SOURCE + "1"),
    "no observed_at": (_replaced(f'"observed_at":"{NINE}",', ""), A_TIME + "no such field"),
    "a null observed_at": (_replaced(f'"observed_at":"{NINE}"', '"observed_at":null'), A_TIME + "null"),
    "no ingested_at": (
        _replaced(f'"ingested_at":"{NINE}",', ""),
        A_TIME.replace("observed", "ingested") + "no such field",
    ),
    "a line feed in a text": (_replaced('"weather_code":null', r'"weather_code":"a\nb"'), A_TEXT + r'"a\nb"}'),
    "a control character of Latin-1": (
        _replaced('"weather_code":null', '"weather_code":"a\\u0085b"'),
        A_TEXT + '"a\\u0085b"}',
    ),
    "half a surrogate": (_replaced('"weather_code":null', r'"weather_code":"a\ud83cb"'), A_TEXT + r'"a\ud83cb"}'),
    "half a surrogate, the other half": (
        _replaced('"weather_code":null', r'"weather_code":"\udf2b"'),
        A_TEXT + r'"\udf2b"}',
    ),
    "a field twice": (
        _replaced(TEMPERATURE, '"temperature_c":7.5,"temperature_c":7.5'),
        "expected temperature_c once, found it again",
    ),
    "a field twice, once escaped": (
        _replaced(TEMPERATURE, '"temperature_c":7.5,"temperature\\u005fc":1.5'),
        "expected temperature_c once, found it again",
    ),
    "an ingested_at of 29 February 2013": (
        _replaced(f'"ingested_at":"{NINE}"', '"ingested_at":"2013-02-29T09:00:00Z"'),
        "",
    ),
    "two times": (
        _replaced('"revision":0', '"revision":0,"observed_at":"2026-11-19T09:00:00Z"'),
        "expected observed_at once, found it again",
    ),
    "a wind of 1048 mph": (
        _replaced('"wind_speed_ms":null', '"wind_speed_ms":468.659'),
        IMPOSSIBLE + "wind_speed_ms 468.659",
    ),
    "a humidity of 101": (_replaced('"humidity_pct":null', '"humidity_pct":101'), IMPOSSIBLE + "humidity_pct 101"),
    "a latitude of 91": (_replaced('"lat":null', '"lat":91'), IMPOSSIBLE + "lat 91"),
}

REFUSED_TIMES: dict[str, str] = {
    "1795168800": A_TIME,
    '"1795168800"': A_TIME,
    '"2026-11-20T09:00:00"': A_TIME,
    '"2026-11-20T09:00:00+00:00"': A_TIME,
    '"2026-11-20T09:00:00+05:30"': A_TIME,
    '"2026-11-20 09:00:00Z"': A_TIME,
    '"2026-11-20T09:00Z"': A_TIME,
    '"2026-11-20"': A_TIME,
    '"2026-11-20T24:00:00Z"': A_TIME,
    '"2026-11-20T23:59:60Z"': A_TIME,
    '"2026-13-20T09:00:00Z"': A_TIME,
    '"2013-02-30T09:00:00Z"': A_TIME,
    '"2013-04-31T09:00:00Z"': A_TIME,
    '"2013-02-29T09:00:00Z"': A_TIME,
    '"2013-02-29T09:00:00.000Z"': A_TIME,
    '"1900-02-29T09:00:00Z"': A_TIME,
    '"2099-01-01T00:00:00Z"': FUTURE,
    '"9999-12-31T23:59:59.999Z"': FUTURE,
    '"0000-01-01T00:00:00Z"': A_TIME,
    '"1969-12-31T23:59:59Z"': A_TIME,
    '""': A_TIME,
}

ACCEPTED_EDITS: dict[str, tuple[Edit, dict[str, Any]]] = {
    "as usual": (str, {}),
    "a line feed behind": (lambda text: text + "\n", {}),
    "a Windows line end behind": (lambda text: text + "\r\n", {}),
    "blanks around": (lambda text: f" \t{text} ", {}),
    "blanks inside": (lambda text: json.dumps(json.loads(text), indent=2), {}),
    "another order": (lambda text: json.dumps(dict(reversed(json.loads(text).items()))), {}),
    "nulls left out": (lambda text: json.dumps({k: v for k, v in json.loads(text).items() if v is not None}), {}),
    "an unknown field": (_replaced('"revision":0', '"revision":0,"mood":{"a":[1,"}{,\\""]}'), {}),
    "an exponent": (_replaced(TEMPERATURE, '"temperature_c":1e1'), {"temperature_c": 10.0}),
    "an exponent with a plus": (_replaced(TEMPERATURE, '"temperature_c":1E+1'), {"temperature_c": 10.0}),
    "a negative exponent": (_replaced(TEMPERATURE, '"temperature_c":-125E-1'), {"temperature_c": -12.5}),
    "a negative zero": (_replaced(TEMPERATURE, '"temperature_c":-0.0'), {"temperature_c": 0.0}),
    "a whole number": (_replaced(TEMPERATURE, '"temperature_c":7'), {"temperature_c": 7.0}),
    "many digits": (
        _replaced(TEMPERATURE, '"temperature_c":7.1234567890123456789'),
        {"temperature_c": 7.1234567890123456789},
    ),
    "an unknown field twice": (_replaced('"revision":0', '"revision":0,"mood":1,"mood":"grey"'), {}),
    "an unknown field with what a known one may not have": (
        _replaced('"revision":0', r'"revision":0,"mood\ud83c":"\u0000","moods":{"revision":"x","observed_at":"x"}'),
        {},
    ),
    "an escaped name": (_replaced("temperature_c", "temperature\\u005fc"), {}),
    "sixty digits": (_replaced(TEMPERATURE, f'"temperature_c":7.{"1" * 60}'), {"temperature_c": 7.111111111111111}),
    "a quote in a text": (_replaced('"weather_code":null', '"weather_code":"a\\"b"'), {"weather_code": 'a"b'}),
    "a backslash in a text": (_replaced('"weather_code":null', r'"weather_code":"a\\b"'), {"weather_code": r"a\b"}),
    "a comma and braces in a text": (
        _replaced('"weather_code":null', '"weather_code":"{a,b}}"'),
        {"weather_code": "{a,b}}"},
    ),
    "a text that reads null": (_replaced('"weather_code":null', '"weather_code":"null"'), {"weather_code": "null"}),
    "blanks at a text's ends": (_replaced('"weather_code":null', '"weather_code":" 5 "'), {"weather_code": " 5 "}),
    "a long text": (
        _replaced('"weather_code":null', f'"weather_code":"{"ab " * 10_000}"'),
        {"weather_code": "ab " * 10_000},
    ),
    "text beyond Latin": (_replaced('"weather_code":null', '"weather_code":"霧 🌫 ñ"'), {"weather_code": "霧 🌫 ñ"}),
    "escaped letters": (
        _replaced('"weather_code":null', '"weather_code":"\\u00e9\\ud83c\\udf2b"'),
        {"weather_code": "é🌫"},
    ),
    "true": (
        _replaced('"visibility_is_lower_bound":null', '"visibility_is_lower_bound":true'),
        {"visibility_is_lower_bound": True},
    ),
    "false": (
        _replaced('"visibility_is_lower_bound":null', '"visibility_is_lower_bound":false'),
        {"visibility_is_lower_bound": False},
    ),
}

ACCEPTED_TIMES = {
    "2012-02-29T09:00:00Z": datetime(2012, 2, 29, 9, tzinfo=UTC),
    "2000-02-29T23:59:59Z": datetime(2000, 2, 29, 23, 59, 59, tzinfo=UTC),
    "2013-12-31T23:59:59.999Z": datetime(2013, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC),
    "2013-12-31T23:59:59.123456Z": datetime(2013, 12, 31, 23, 59, 59, 123_000, tzinfo=UTC),
    "1972-02-29T00:00:00Z": datetime(1972, 2, 29, tzinfo=UTC),
    "1970-01-01T00:00:00Z": datetime(1970, 1, 1, tzinfo=UTC),
}


def by_hand() -> Iterator[Case]:
    """The hand list."""
    for name, (data, reason) in REFUSED_BYTES.items():
        yield Case(name, data, reason)
    for number, (name, (edit, reason)) in enumerate(REFUSED_EDITS.items()):
        yield Case(name, edit(usual(values(f"refused-{number}")).decode()).encode(), reason)
    for number, (text, reason) in enumerate(REFUSED_TIMES.items()):
        edit = _replaced(f'"observed_at":"{NINE}"', f'"observed_at":{text}')
        yield Case(f"observed_at {text}", edit(usual(values(f"no-time-{number}")).decode()).encode(), reason)
    for name, text, found in (
        ("no station", "", "no such field"),
        ("a null station", '"station_id":null,', "null"),
        ("an empty station", '"station_id":"",', '""'),
    ):
        edit = _replaced('"station_id":"x",', text)
        yield Case(name, edit(usual(values("x")).decode()).encode(), A_STATION + found)
    for number, (name, (edit, changes)) in enumerate(ACCEPTED_EDITS.items()):
        fields = values(f"accepted-{number}")
        yield Case(name, edit(usual(fields).decode()).encode(), None, _typed(fields) | changes)
    for number, (text, moment) in enumerate(ACCEPTED_TIMES.items()):
        fields = values(f"time-{number}", observed_at=text)
        yield Case(f"observed_at {text}", usual(fields), None, _typed(fields) | {"observed_at": moment})
    for key in (None, b"", b"another", b"\xff\xfe"):
        fields = values(f"key-{key!r}".replace("\\", "."))
        yield Case(f"message key {key!r}", usual(fields), None, _typed(fields), key)
    yield Case("no key and no value", None, "expected a JSON object, found no value", {}, None)


def _typed(fields: dict[str, Any]) -> dict[str, Any]:
    times = ("observed_at", "ingested_at")
    return fields | {name: datetime.fromisoformat(fields[name]) for name in times}


# ---- generated ----

_TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=20)
_NUMBERS = {
    "lat": (-90, 90),
    "lon": (-180, 180),
    "elevation_m": (-400, 8000),
    "temperature_c": (-25, 35),
    "dew_point_c": (-40, 30),
    "humidity_pct": (0, 100),
    "pressure_sea_level_hpa": (955, 1075),
    "pressure_station_hpa": (450, 1075),
    "wind_speed_ms": (0, 39),
    "wind_direction_deg": (0, 360),
    "wind_gust_ms": (0, 140),
    "precipitation_1h_mm": (0, 500),
    "visibility_m": (0, 100_000),
}
"""Ranges that are possible everywhere and in every season."""


@st.composite
def _accepted(draw: st.DrawFn) -> tuple[dict[str, Any], bytes]:
    """A good observation (its station is named later) and how it is written: any order, any spacing, more fields."""
    fields: dict[str, Any] = dict.fromkeys(FIELDS)
    for name, (low, high) in _NUMBERS.items():
        fields[name] = draw(st.none() | st.floats(low, high, allow_subnormal=False) | st.integers(low, high).map(float))
    moment = draw(st.datetimes(datetime(1980, 1, 1), datetime(2026, 11, 20)))  # noqa: DTZ001 - Hypothesis wants it bare
    moment = (moment - timedelta(microseconds=moment.microsecond % 1000)).replace(tzinfo=UTC)
    fields |= {
        "source": SOURCE,
        "station_id": "STATION",
        "observed_at": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "ingested_at": NINE,
        "revision": draw(st.integers(0, 5)),
        "visibility_is_lower_bound": draw(st.none() | st.booleans()),
        "weather_code": draw(st.none() | _TEXTS),
    }
    written = dict(fields)
    if draw(st.booleans()):
        written = {name: value for name, value in written.items() if value is not None}
    if draw(st.booleans()):
        written |= draw(st.dictionaries(_TEXTS.map(lambda text: f"x-{text}"), st.integers() | _TEXTS, max_size=3))
    if draw(st.booleans()):
        written = dict(draw(st.permutations(list(written.items()))))
    comma, colon = draw(st.sampled_from([(",", ":"), (", ", ": "), (" ,\n", "\t:  ")]))
    ascii_only = draw(st.booleans())
    return fields, json.dumps(written, separators=(comma, colon), ensure_ascii=ascii_only).encode()


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
_REFUSED = st.one_of(
    st.binary(max_size=200),
    _JSON.map(lambda value: json.dumps(value).encode()),
    # a good record with one byte that no JSON has, somewhere
    st.tuples(_accepted(), st.floats(0, 1), st.sampled_from([b"\xff", b"\0", b"\xc3\x28"])).map(
        lambda parts: _inserted(parts[0][1], parts[1], parts[2])
    ),
    # a good record cut short
    st.tuples(_accepted(), st.floats(0, 0.99)).map(lambda parts: parts[0][1][: int(len(parts[0][1]) * parts[1])]),
)


def _inserted(data: bytes, place: float, piece: bytes) -> bytes:
    at = int(len(data) * place)
    return data[:at] + piece + data[at:]


def _sample(strategy: st.SearchStrategy[Any], count: int, number: int) -> list[Any]:
    """What Hypothesis makes of a strategy, the same each time."""
    found: list[Any] = []

    @seed(number)
    @settings(
        max_examples=count,
        database=None,
        phases=[Phase.generate],
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def collect(example: Any) -> None:
        found.append(example)

    collect()
    return found


def generated(number: int, accepted: int = 150, refused: int = 150) -> Iterator[Case]:
    """The sample of a seed."""
    for index, (fields, data) in enumerate(_sample(_accepted(), accepted, number)):
        station = f"sample-{index}"
        named = data.replace(b'"STATION"', f'"{station}"'.encode())
        yield Case(f"accepted sample {index}", named, None, _typed(fields | {"station_id": station}), station.encode())
    for index, data in enumerate(_sample(_REFUSED, refused, number)):
        yield Case(f"refused sample {index}", data, "", {}, f"{index}".encode())


def shuffled(cases: list[Case], number: int) -> list[Case]:
    """Good and bad mixed, as a topic has them."""
    return random.Random(number).sample(cases, len(cases))
