"""The JSON form: what comes back is what was sent, and what cannot be a record is refused by a sentence."""

import json
from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pytest
from hypothesis import given

from contracts.schema import RECORDS, Record
from contracts.types import WeatherEnriched, WeatherObservation, WeatherWindow
from contracts.wire import WireError, decode, encode, key, record_of, utc
from tests.fixtures.observations import NINE, observation
from tests.unit.contracts.records import ANY_RECORD, struct_type

GOOD = encode(observation())


def test_the_form_in_full() -> None:
    seen = observation(temperature_c=-1.5, visibility_is_lower_bound=True, weather_code='a "7"')

    assert encode(seen) == (
        b'{"source":"metoffice","station_id":"gcpsvg","observed_at":"2026-11-20T09:00:00Z",'
        b'"ingested_at":"2026-11-20T09:00:00Z","revision":0,"lat":null,"lon":null,"elevation_m":null,'
        b'"temperature_c":-1.5,"dew_point_c":null,"humidity_pct":null,"pressure_sea_level_hpa":null,'
        b'"pressure_station_hpa":null,"wind_speed_ms":null,"wind_direction_deg":null,"wind_gust_ms":null,'
        b'"precipitation_1h_mm":null,"visibility_m":null,"visibility_is_lower_bound":true,"weather_code":"a \\"7\\""}'
    )


@given(ANY_RECORD)
def test_any_record_comes_back(record: msgspec.Struct) -> None:
    assert decode(type(record), encode(record)) == record


@given(ANY_RECORD)
def test_members_are_those_of_the_contract_in_its_order(record: msgspec.Struct) -> None:
    """Nulls too: a missing member would be refused, by the decoder and by the job."""
    assert tuple(json.loads(encode(record))) == record_of(type(record)).names


@pytest.mark.parametrize("record", RECORDS.values(), ids=lambda record: record.name)
def test_a_type_knows_its_contract(record: Record) -> None:
    assert record_of(struct_type(record)) is record


def test_no_member_may_be_missing_though_it_may_be_null() -> None:
    for name in RECORDS["weather_observation"].names:
        content = json.loads(GOOD)
        del content[name]
        with pytest.raises(WireError) as refused:
            decode(WeatherObservation, json.dumps(content).encode())
        assert str(refused.value) == f"not a WeatherObservation: Object missing required field `{name}`"


def test_an_unknown_member_is_passed_over() -> None:
    assert decode(WeatherObservation, GOOD.replace(b"{", b'{"since_2027":[1,{"a":2}],', 1)) == observation()


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"", "Input data was truncated"),
        (GOOD[:-1], "Input data was truncated"),
        (b"temp=3", "JSON is malformed: invalid character (byte 4)"),
        (GOOD + b"x", "JSON is malformed: trailing characters (byte 458)"),
        (b"[]", "Expected `object`, got `array`"),
        (b"null", "Expected `object`, got `null`"),
        (
            GOOD.replace(b"gcpsvg", b"gcps\xfcg"),
            "'utf-8' codec can't decode byte 0xfc in position 4: invalid start byte",
        ),
        (
            GOOD.replace(b"gcpsvg", b"\\ud800"),
            "JSON is malformed: unexpected end of escaped utf-16 surrogate pair (byte 42)",
        ),
        (GOOD.replace(b'"lat":null', b'"lat":"51.5"'), "Expected `float | null`, got `str` - at `$.lat`"),
        (GOOD.replace(b'"lat":null', b'"lat":NaN'), "JSON is malformed: invalid character (byte 137)"),
        (GOOD.replace(b'"lat":null', b'"lat":1e400'), "Number out of range - at `$.lat`"),
        (GOOD.replace(b'"metoffice"', b"null"), "Expected `str`, got `null` - at `$.source`"),
        (GOOD.replace(b'"revision":0', b'"revision":0.5'), "Expected `int`, got `float` - at `$.revision`"),
        (
            GOOD.replace(b'"revision":0', b'"revision":2147483648'),
            "Expected `int` <= 2147483647 - at `$.revision`",
        ),
        (
            GOOD.replace(b"09:00:00Z", b"09:00:00", 1),
            "Expected `datetime` with a timezone component - at `$.observed_at`",
        ),
        (
            GOOD.replace(b"2026-11-20T09:00:00Z", b"yesterday", 1),
            "Invalid RFC3339 encoded datetime - at `$.observed_at`",
        ),
        (
            b'{"a":' + b"[" * 100_000,
            "maximum recursion depth exceeded while deserializing an object",
        ),
    ],
)
def test_a_refusal_names_record_and_member(data: bytes, found: str) -> None:
    with pytest.raises(WireError) as refused:
        decode(WeatherObservation, data)
    assert str(refused.value) == f"not a WeatherObservation: {found}"


def test_an_enumeration_takes_its_symbols_only() -> None:
    nulls = dict.fromkeys(WeatherEnriched.__struct_fields__)
    given_ = {"source": "s", "station_id": "i", "observed_at": NINE, "ingested_at": NINE, "revision": 0}
    good = encode(WeatherEnriched(**(nulls | given_ | {"quality": "good"})))  # type: ignore[arg-type]

    with pytest.raises(WireError) as refused:
        decode(WeatherEnriched, good.replace(b'"quality":"good"', b'"quality":"fine"'))
    assert str(refused.value) == "not a WeatherEnriched: Invalid enum value 'fine' - at `$.quality`"


def test_a_value_that_is_no_number_is_a_missing_value() -> None:
    """JSON has no NaN, and the null says what it means."""
    assert encode(observation(temperature_c=float("nan"))) == GOOD


def test_the_key_of_one_field_is_its_bare_text() -> None:
    assert key(observation(station_id="Ærø"), ("station_id",)) == "Ærø".encode()


def test_the_key_of_several_fields_is_a_json_object() -> None:
    window = WeatherWindow(
        window_kind="h3",
        source="nyc-2013",
        station_id="EWR",
        window_start=NINE,
        window_end=NINE + timedelta(hours=3),
        revision=3,
        observation_count=3,
        temperature_count=0,
        temperature_min_c=None,
        temperature_max_c=None,
        temperature_mean_c=None,
        wind_vector_speed_ms=None,
        wind_vector_direction_deg=None,
        precipitation_total_mm=None,
        completeness=0.0,
    )

    assert key(window, RECORDS["weather_window"].identity) == (
        b'{"window_kind":"h3","source":"nyc-2013","station_id":"EWR","window_start":"2026-11-20T09:00:00Z"}'
    )


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2026, 11, 20, 9, tzinfo=UTC), "2026-11-20T09:00:00Z"),
        (datetime(2026, 11, 20, 9, tzinfo=timezone(timedelta(hours=1))), "2026-11-20T08:00:00Z"),
        (datetime(2026, 11, 20, 9, 0, 0, 7000, tzinfo=UTC), "2026-11-20T09:00:00.007000Z"),
    ],
)
def test_a_moment_is_written_in_utc(moment: datetime, text: str) -> None:
    assert utc(moment) == text
