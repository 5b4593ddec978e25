"""Current weather: every documented answer and error, in three systems of units."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.types import WeatherObservation
from producer.errors import KeyRefusedError, OutageError, ProviderError, QuotaError, RefusedError, UnreadableError
from producer.http import Request, Response
from producer.places import Place
from producer.providers.openweather import OpenWeather
from tests.fixtures import answers
from tests.fixtures.observations import observation

PROVIDER = OpenWeather("https://provider.example")
CURRENT = answers.OPENWEATHER_CURRENT


def parsed(body: Any, units: str = "metric") -> WeatherObservation:
    (found,) = PROVIDER.parse(body, units).observations
    return found


def changed(**members: Any) -> dict[str, Any]:
    return {name: value for name, value in (CURRENT | members).items() if value is not ...}


def test_units_are_asked_for_and_the_documented_answer_becomes_an_observation() -> None:
    asked: list[Request] = []

    def ask(request: Request) -> Response:
        asked.append(request)
        return Response(200, {}, json.dumps(CURRENT).encode())

    location = PROVIDER.locate(Place("london", 51.5085, -0.1257), ask)
    (found,) = PROVIDER.observe(location, ask).observations
    assert [str(request) for request in asked] == [
        "GET https://provider.example/data/2.5/weather?lat=51.5085&lon=-0.1257&units=metric"
    ]
    assert found == observation(
        source="openweather",
        station_id="2643743",
        observed_at=found.observed_at,
        ingested_at=found.ingested_at,
        lat=51.5085,
        lon=-0.1257,
        temperature_c=7.26,
        humidity_pct=84.0,
        pressure_sea_level_hpa=1011.0,
        pressure_station_hpa=1007.0,
        wind_speed_ms=4.12,
        wind_direction_deg=240.0,
        wind_gust_ms=8.7,
        precipitation_1h_mm=0.32,
        visibility_m=10000.0,
        visibility_is_lower_bound=True,
        weather_code="500",
    )
    assert found.observed_at.isoformat() == "2026-11-20T10:00:00+00:00"


@pytest.mark.parametrize(
    ("units", "temp", "speed", "celsius", "ms"),
    [
        ("standard", 280.41, 4.12, 7.26, 4.12),
        ("metric", 7.26, 4.12, 7.26, 4.12),
        ("imperial", 45.07, 9.22, 7.261, 4.122),
    ],
)
def test_units_follow_the_question_not_the_look_of_the_value(
    units: str, temp: float, speed: float, celsius: float, ms: float
) -> None:
    found = parsed(changed(main=CURRENT["main"] | {"temp": temp}, wind={"speed": speed, "gust": speed}), units)
    assert (found.temperature_c, found.wind_speed_ms, found.wind_gust_ms) == (celsius, ms, ms)
    assert found.pressure_sea_level_hpa == 1011.0, "hPa in every system"


@given(st.floats(-90, 60), st.floats(0, 110))
def test_the_three_systems_agree(celsius: float, ms: float) -> None:
    def ask(units: str, temp: float, speed: float) -> WeatherObservation:
        return parsed(changed(main=CURRENT["main"] | {"temp": temp}, wind={"speed": speed}), units)

    metric = ask("metric", celsius, ms)
    for other in (ask("standard", celsius + 273.15, ms), ask("imperial", celsius * 9 / 5 + 32, ms / 0.44704)):
        assert other.temperature_c == pytest.approx(metric.temperature_c, abs=0.0011)
        assert other.wind_speed_ms == pytest.approx(metric.wind_speed_ms, abs=0.0011)


def test_what_is_left_out_is_null_and_never_zero() -> None:
    sparse = parsed(changed(rain=..., wind={"speed": 1.5}, visibility=..., weather=[], main={"temp": None}))
    assert sparse == observation(
        source="openweather",
        station_id="2643743",
        observed_at=sparse.observed_at,
        ingested_at=sparse.ingested_at,
        lat=51.5085,
        lon=-0.1257,
        wind_speed_ms=1.5,
    )


@pytest.mark.parametrize(
    ("members", "mm"),
    [
        ({"rain": ...}, None),
        ({"rain": {"3h": 1.2}}, None),
        ({"rain": {"1h": 0}}, 0.0),
        ({"rain": ..., "snow": {"1h": 0.4}}, 0.4),
        ({"rain": {"1h": 0.1}, "snow": {"1h": 0.2}}, 0.3),
    ],
)
def test_precipitation_is_rain_and_snow_of_the_last_hour(members: dict[str, Any], mm: float | None) -> None:
    assert parsed(changed(**members)).precipitation_1h_mm == mm


@pytest.mark.parametrize(("metres", "bound"), [(9999, False), (10000, True), (0, False)])
def test_visibility_at_the_cap_is_a_lower_bound(metres: int, bound: bool) -> None:
    found = parsed(changed(visibility=metres))
    assert (found.visibility_m, found.visibility_is_lower_bound) == (float(metres), bound)


def test_sea_level_stands_in_where_pressure_is_left_out() -> None:
    assert parsed(changed(main={"sea_level": 1012})).pressure_sea_level_hpa == 1012.0


@pytest.mark.parametrize("number", [0, None, ..., "2643743", -1])
def test_points_that_share_the_number_0_are_named_by_their_coordinates(number: Any) -> None:
    assert parsed(changed(id=number)).station_id == "51.5085,-0.1257"


@pytest.mark.parametrize(
    ("members", "sentence"),
    [
        ({"dt": ...}, "openweather 2643743: expected epoch seconds in 'dt', found None"),
        ({"dt": "1795168800"}, "openweather 2643743: expected epoch seconds in 'dt', found '1795168800'"),
        ({"dt": 10**20}, "openweather 2643743: expected epoch seconds in 'dt', found 100000000000000000000"),
        (
            {"id": 0, "coord": ...},
            "openweather 0: expected a positive whole number in 'id', or coordinates in 'coord', found 0",
        ),
        ({"visibility": "10 km"}, "openweather 2643743: expected a number in 'visibility', found '10 km'"),
        ({"wind": []}, "openweather 2643743: expected an object in 'wind', found []"),
    ],
)
def test_a_row_that_cannot_be_read_is_named(members: dict[str, Any], sentence: str) -> None:
    found = PROVIDER.parse(changed(**members), "metric")
    assert (found.observations, found.refused) == ([], [sentence])


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from([*CURRENT, "temp", "1h", "lat"]), inner),
    )
)
def test_no_answer_crashes_the_parser(body: Any) -> None:
    try:
        parsed = PROVIDER.parse(body, "metric")
    except UnreadableError as error:
        sentences = [str(error)]
    else:
        sentences = parsed.refused
    assert all(sentence.startswith(PROVIDER.name) for sentence in sentences)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (401, answers.OPENWEATHER_BAD_KEY, KeyRefusedError),
        (404, answers.OPENWEATHER_NOT_FOUND, RefusedError),
        (429, answers.OPENWEATHER_BLOCKED, QuotaError),
        # The same with the status of success: `cod` as a number and as a text.
        (200, answers.OPENWEATHER_BAD_KEY, KeyRefusedError),
        (200, answers.OPENWEATHER_NOT_FOUND, RefusedError),
        (200, answers.OPENWEATHER_BLOCKED, QuotaError),
        (200, b'{"cod":"500","message":"Internal error"}', OutageError),
        (500, b"", OutageError),
        (502, b"<html>Bad gateway</html>", OutageError),
        (503, b"{}", OutageError),
        (504, b"null", OutageError),
    ],
)
def test_errors_are_told_apart_by_status_or_cod(status: int, body: bytes, kind: type[ProviderError]) -> None:
    assert type(PROVIDER.fault(Response(status, {}, body))) is kind


@pytest.mark.parametrize(
    "body", [json.dumps(CURRENT).encode(), b'{"cod":"200"}', b"{}", b"[]", b"not json", b'{"cod":null}']
)
def test_a_success_is_no_fault(body: bytes) -> None:
    assert PROVIDER.fault(Response(200, {}, body)) is None


def test_an_error_says_what_the_provider_said() -> None:
    assert (
        str(PROVIDER.fault(Response(404, {}, answers.OPENWEATHER_NOT_FOUND)))
        == "openweather answered 404: city not found"
    )
