"""Land Observations: every documented answer and error."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.units import ms_from_knots
from producer.errors import (
    KeyRefusedError,
    OutageError,
    ProviderError,
    QuotaError,
    RefusedError,
    UnreadableError,
)
from producer.http import Request, Response
from producer.places import Place
from producer.providers.metoffice import MetOffice, decode_geohash, is_geohash
from tests.fixtures import answers
from tests.fixtures.observations import observation

BASE = "https://provider.example"
PROVIDER = MetOffice(BASE)
CHECK_KEY = "expected a key that is active for this product: check the key"
LONDON = Place("london", 51.5085, -0.12574)


def answering(body: Any, asked: list[Request] | None = None) -> Callable[[Request], Response]:
    def ask(request: Request) -> Response:
        if asked is not None:
            asked.append(request)
        return Response(200, {}, body if isinstance(body, bytes) else json.dumps(body).encode())

    return ask


def test_the_documented_answer_becomes_observations_in_order_of_time() -> None:
    asked: list[Request] = []
    parsed = PROVIDER.observe("gcpsvg", answering(answers.METOFFICE_ROWS, asked))
    assert [str(request) for request in asked] == [f"GET {BASE}/observation-land/1/gcpsvg"]
    nine, ten = parsed.observations
    common = {"lat": 51.4792, "lon": -0.4449, "ingested_at": nine.ingested_at}
    assert nine == observation(
        **common,
        temperature_c=6.83,
        humidity_pct=91.0,
        pressure_sea_level_hpa=1009.0,
        wind_speed_ms=5.14,
        wind_direction_deg=247.5,
        wind_gust_ms=9.26,
        visibility_m=11000.0,
        visibility_is_lower_bound=False,
        weather_code="7",
    )
    assert msgspec.structs.replace(ten, ingested_at=nine.ingested_at) == observation(
        **common,
        observed_at=datetime(2026, 11, 20, 10, tzinfo=UTC),
        temperature_c=7.11,
        humidity_pct=88.0,
        pressure_sea_level_hpa=1008.0,
        wind_speed_ms=6.17,
        wind_direction_deg=247.5,
        weather_code="8",
    )
    assert parsed.refused == []


def test_every_field_but_the_time_can_be_absent_or_null() -> None:
    row = {"datetime": "2026-11-20T09:00:00Z"}
    empty = dict.fromkeys(answers.METOFFICE_ROWS[1]) | row
    for sparse in (row, empty):
        (found,) = PROVIDER.parse("gcpsvg", [sparse]).observations
        assert found == observation(lat=51.4792, lon=-0.4449, ingested_at=found.ingested_at)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"temperature": "6.8"}, "metoffice gcpsvg: expected a number in 'temperature', found '6.8'"),
        ({"mslp": True}, "metoffice gcpsvg: expected a number in 'mslp', found True"),
        ({"datetime": None}, "metoffice gcpsvg: expected an ISO time in 'datetime', found None"),
        (
            {"wind_direction": "VRB"},
            "metoffice gcpsvg: expected one of the 16 compass points in 'wind_direction', found 'VRB'",
        ),
        ({"weather_code": 7.5}, "metoffice gcpsvg: expected a code in 'weather_code', found 7.5"),
    ],
)
def test_one_bad_row_is_named_and_the_others_stay(change: dict[str, Any], sentence: str) -> None:
    bad, good = answers.METOFFICE_ROWS[0] | change, answers.METOFFICE_ROWS[1]
    parsed = PROVIDER.parse("gcpsvg", [bad, good])
    assert (len(parsed.observations), parsed.refused) == (1, [sentence])
    assert PROVIDER.parse("gcpsvg", ["text"]).refused == ["metoffice gcpsvg: expected an object per hour, found 'text'"]


def test_wind_in_knots_by_setting() -> None:
    (_, nine) = MetOffice(BASE, "kn").parse("gcpsvg", answers.METOFFICE_ROWS).observations[::-1]
    assert nine.wind_speed_ms == round(ms_from_knots(5.14), 3)
    assert nine.wind_gust_ms == round(ms_from_knots(9.26), 3)


def test_a_place_is_looked_up_with_at_most_two_decimals() -> None:
    asked: list[Request] = []
    assert PROVIDER.locate(LONDON, answering(answers.METOFFICE_NEAREST, asked)) == "gcpsvg"
    assert str(asked[0]) == f"GET {BASE}/observation-land/1/nearest?lat=51.51&lon=-0.13"


@pytest.mark.parametrize(
    "body", [[], {}, None, [{}], [{"geohash": "gcp"}], [{"geohash": "gcpsva"}], [{"geohash": 7}], "x"]
)
def test_a_lookup_without_a_station_is_unreadable(body: Any) -> None:
    with pytest.raises(UnreadableError) as unreadable:
        PROVIDER.locate(LONDON, answering(body))
    assert str(unreadable.value) == (
        f"metoffice: expected a list of stations with a geohash of 6 characters near 'london', found {body!r}"
    )


@pytest.mark.parametrize("body", [b"", b"<html>", b"\xff\xfe", b'[{"mslp": NaN}]', b'{"a":', b'{"rows":[]}', b'"text"'])
def test_a_success_that_is_no_list_of_rows_is_unreadable(body: bytes) -> None:
    with pytest.raises(UnreadableError, match="metoffice: expected "):
        PROVIDER.observe("gcpsvg", answering(body))


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(sorted(answers.METOFFICE_ROWS[1])), inner),
    )
)
def test_no_answer_crashes_the_parser(body: Any) -> None:
    try:
        parsed = PROVIDER.parse("gcpsvg", body)
    except UnreadableError as error:
        sentences = [str(error)]
    else:
        sentences = parsed.refused
    assert all(sentence.startswith(PROVIDER.name) for sentence in sentences)


@pytest.mark.parametrize(
    ("status", "body", "kind", "sentence"),
    [
        (
            400,
            answers.METOFFICE_BAD_GEOHASH,
            RefusedError,
            "metoffice answered 400: Invalid geohash: it must be exactly 6 chars",
        ),
        (404, answers.METOFFICE_NOT_FOUND, RefusedError, "metoffice answered 404: Not Found"),
        (
            401,
            answers.METOFFICE_BAD_KEY,
            KeyRefusedError,
            f"metoffice answered 401: Invalid Credentials; {CHECK_KEY}",
        ),
        (
            403,
            b"",
            KeyRefusedError,
            f"metoffice answered 403: an empty body; {CHECK_KEY}",
        ),
        (429, b"", QuotaError, "metoffice answered 429: an empty body"),
        (429, answers.METOFFICE_THROTTLED, QuotaError, "metoffice answered 429: Message throttled out"),
        (503, answers.METOFFICE_THROTTLED, QuotaError, "metoffice answered 503: Message throttled out"),
        (403, b'{"code": 900802, "message": "throttled"}', QuotaError, "metoffice answered 403: throttled"),
        (500, b"<h1>Oops</h1>", OutageError, "metoffice answered 500: <h1>Oops</h1>"),
        (502, b"\xff\x00", OutageError, "metoffice answered 502: \ufffd\x00"),
        (408, b"{}", OutageError, "metoffice answered 408: {}"),
        (302, b"", RefusedError, "metoffice answered 302: an empty body"),
        (204, b"", RefusedError, "metoffice answered 204: an empty body"),
    ],
)
def test_errors_are_told_apart_whatever_their_body(
    status: int, body: bytes, kind: type[ProviderError], sentence: str
) -> None:
    fault = PROVIDER.fault(Response(status, {}, body))
    assert (type(fault), str(fault)) == (kind, sentence)


@pytest.mark.parametrize(
    ("geohash", "position"),
    [("gcpsvg", (51.4792, -0.4449)), ("u4pruy", (57.6462, 10.4096)), ("6gkzwg", (-25.3812, -49.2682))],
)
def test_a_geohash_is_decoded_to_the_middle_of_its_cell(geohash: str, position: tuple[float, float]) -> None:
    lat, lon = decode_geohash(geohash)
    assert lat == pytest.approx(position[0], abs=0.0028)
    assert lon == pytest.approx(position[1], abs=0.0055)


@given(st.floats(-90, 90), st.floats(-180, 180))
def test_a_point_lies_within_half_a_cell_of_its_geohash(lat: float, lon: float) -> None:
    geohash = encode_geohash(lat, lon)
    assert is_geohash(geohash)
    middle = decode_geohash(geohash)
    assert abs(middle[0] - lat) <= 180 / 2**15 / 2 + 0.0001
    assert abs(middle[1] - lon) <= 360 / 2**15 / 2 + 0.0001


def encode_geohash(lat: float, lon: float) -> str:
    """By arithmetic instead of bisection: 15 bits of each coordinate, longitude first, interleaved."""
    rows = min(int((lat + 90) / 180 * 2**15), 2**15 - 1)
    columns = min(int((lon + 180) / 360 * 2**15), 2**15 - 1)
    bits = "".join(f"{columns >> i & 1}{rows >> i & 1}" for i in range(14, -1, -1))
    return "".join("0123456789bcdefghjkmnpqrstuvwxyz"[int(bits[i : i + 5], 2)] for i in range(0, 30, 5))
