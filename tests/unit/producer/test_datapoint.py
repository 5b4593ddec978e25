"""DataPoint's format: texts for numbers, minutes for times, lists of one that are none."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producer.errors import UnreadableError
from producer.http import Request, Response
from producer.providers.datapoint import DataPoint
from tests.fixtures.answers import DATAPOINT_REPORT, datapoint, datapoint_site
from tests.fixtures.observations import observation

PROVIDER = DataPoint()
DAY = "2025-10-02Z"


def period(reports: Any, day: Any = DAY) -> dict[str, Any]:
    return {"type": "Day", "value": day, "Rep": reports}


def test_the_documented_answer_becomes_an_observation() -> None:
    body = json.dumps(datapoint(datapoint_site([period([DATAPOINT_REPORT])]))).encode()
    (found,) = PROVIDER.observe("all", lambda _request: Response(200, {}, body)).observations
    assert found == observation(
        source="datapoint",
        station_id="3772",
        observed_at=datetime(2025, 10, 2, 10, tzinfo=UTC),
        ingested_at=found.ingested_at,
        lat=51.479,
        lon=-0.449,
        elevation_m=25.0,
        temperature_c=14.2,
        dew_point_c=9.1,
        humidity_pct=71.4,
        pressure_sea_level_hpa=1016.0,
        wind_speed_ms=4.023,  # 9 mph
        wind_direction_deg=225.0,
        visibility_m=30000.0,
        visibility_is_lower_bound=False,
        weather_code="7",
    )


def test_lists_of_one_arrive_as_their_element() -> None:
    listed = PROVIDER.parse(datapoint([datapoint_site([period([DATAPOINT_REPORT])])])).observations
    bare = PROVIDER.parse(datapoint(datapoint_site(period(DATAPOINT_REPORT)))).observations
    assert [(o.station_id, o.observed_at, o.temperature_c) for o in bare] == [
        (o.station_id, o.observed_at, o.temperature_c) for o in listed
    ]
    assert len(bare) == 1


def test_several_sites_and_days_come_in_order_of_time() -> None:
    late, early = DATAPOINT_REPORT | {"$": "1380"}, DATAPOINT_REPORT | {"$": "0"}
    sites = [
        datapoint_site([period(early, "2025-10-03Z"), period([late, early])], number) for number in ("3772", "3002")
    ]
    found = PROVIDER.parse(datapoint(sites)).observations
    assert [(o.observed_at.isoformat(), o.station_id) for o in found] == [
        (f"2025-10-{time}:00:00+00:00", site) for time in ("02T00", "02T23", "03T00") for site in ("3002", "3772")
    ]


@given(st.integers(0, 1439))
def test_the_dollar_is_minutes_after_midnight_utc(minutes: int) -> None:
    (found,) = PROVIDER.parse(datapoint(datapoint_site(period(DATAPOINT_REPORT | {"$": str(minutes)})))).observations
    assert found.observed_at == datetime(2025, 10, 2, minutes // 60, minutes % 60, tzinfo=UTC)


def test_a_site_without_reports_has_no_observations() -> None:
    for site in (datapoint_site(None), datapoint_site([]), datapoint_site(period(None))):
        parsed = PROVIDER.parse(datapoint(site))
        assert (parsed.observations, parsed.refused) == ([], [])


def test_gust_in_mph_and_absent_values() -> None:
    gusty = DATAPOINT_REPORT | {"G": "23"}
    (found,) = PROVIDER.parse(datapoint(datapoint_site(period(gusty)))).observations
    assert found.wind_gust_ms == 10.282
    (bare,) = PROVIDER.parse(datapoint(datapoint_site(period({"$": "60"})))).observations
    assert (bare.temperature_c, bare.wind_speed_ms, bare.wind_gust_ms, bare.visibility_m) == (None,) * 4


@pytest.mark.parametrize(
    ("report", "day", "sentence"),
    [
        ({"T": 14.2}, DAY, "datapoint '3772': expected a number as text in 'T', found 14.2"),
        ({"$": "1440"}, DAY, "datapoint '3772': expected minutes after midnight in '$', found '1440'"),
        ({"$": None}, DAY, "datapoint '3772': expected minutes after midnight in '$', found None"),
        ({}, "2025-13-02Z", "datapoint '3772': expected a day such as 2025-10-02Z, found '2025-13-02Z'"),
        ({}, None, "datapoint '3772': expected a day such as 2025-10-02Z, found None"),
    ],
)
def test_a_row_that_cannot_be_read_is_named(report: dict[str, Any], day: Any, sentence: str) -> None:
    parsed = PROVIDER.parse(datapoint(datapoint_site(period([DATAPOINT_REPORT | report], day))))
    assert (parsed.observations, parsed.refused) == ([], [sentence])


@pytest.mark.parametrize(
    "body", [None, [], {}, {"SiteRep": None}, {"SiteRep": {"DV": []}}, {"SiteRep": {"DV": {}}}, "x"]
)
def test_an_answer_of_another_shape_is_unreadable(body: Any) -> None:
    with pytest.raises(UnreadableError) as unreadable:
        PROVIDER.parse(body)
    assert str(unreadable.value) == f"datapoint: expected SiteRep.DV.Location, found {body!r}"


@given(
    st.recursive(
        st.none() | st.floats() | st.text(),
        lambda inner: (
            st.lists(inner) | st.dictionaries(st.sampled_from(["Period", "Rep", "value", "$", "i", "T"]), inner)
        ),
    )
)
def test_no_location_crashes_the_parser(location: Any) -> None:
    try:
        parsed = PROVIDER.parse(datapoint(location))
    except UnreadableError as error:
        sentences = [str(error)]
    else:
        sentences = parsed.refused
    assert all(sentence.startswith(PROVIDER.name) for sentence in sentences)


def test_the_retired_address_is_the_documented_one() -> None:
    asked: list[Request] = []

    def ask(request: Request) -> Response:
        asked.append(request)
        return Response(200, {}, json.dumps(datapoint(datapoint_site(period(DATAPOINT_REPORT)))).encode())

    PROVIDER.observe("all", ask)
    assert str(asked[0]) == "GET http://datapoint.metoffice.gov.uk/public/data/val/wxobs/all/json/all?res=hourly"
