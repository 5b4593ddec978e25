"""The replayed year against an independent reading of the same file by pandas."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from io import BytesIO

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from producer import nyc_2013
from producer.errors import DatasetError
from producer.replay import plan
from tests.fixtures.nyc_by_pandas import assert_equal, by_pandas
from tests.fixtures.observations import NINE

CUT = nyc_2013.cut()
READINGS = nyc_2013.readings(CUT)
FAR = datetime(2013, 2, 6, tzinfo=UTC)


def test_every_row_and_field_equals_the_independent_reading() -> None:
    assert_equal(list(nyc_2013.records(READINGS, timedelta(0))), by_pandas(CUT))
    assert len(READINGS) == 1007


def test_missing_values_stay_null_and_zero_stays_zero() -> None:
    raw = pd.read_csv(BytesIO(CUT))
    for field, column in (
        ("wind_gust_ms", "wind_gust"),
        ("pressure_sea_level_hpa", "pressure"),
        ("wind_direction_deg", "wind_dir"),
    ):
        nulls = sum(getattr(reading, field) is None for reading in READINGS)
        assert nulls == raw[column].isna().sum() > 0, field
    assert sum(reading.precipitation_1h_mm == 0.0 for reading in READINGS) == (raw.precip == 0).sum() > 0


def test_the_defect_of_2013_02_12_is_published_as_it_is() -> None:
    (storm,) = [reading for reading in READINGS if (reading.wind_speed_ms or 0) > 100]
    assert (storm.airport, storm.hour) == ("EWR", datetime(2013, 2, 12, 8, tzinfo=UTC))
    assert storm.wind_speed_ms == 468.659


def test_visibility_of_ten_miles_is_a_lower_bound() -> None:
    bounds = Counter((reading.visibility_m == 16093.44, reading.visibility_is_lower_bound) for reading in READINGS)
    assert set(bounds) == {(True, True), (False, False)}


def test_time_is_the_utc_column_because_the_wall_clock_columns_lose_an_hour() -> None:
    """2013-11-03 01:00 comes twice in New York; only `time_hour` tells the two apart."""
    row = "EWR,2013,11,3,1,50,40,70,10,5,NA,0,1010,10,2013-11-03T0{}:00:00Z\n"
    data = (",".join(nyc_2013.COLUMNS) + "\n" + row.format(5) + row.format(6)).encode()
    assert [reading.hour.hour for reading in nyc_2013.readings(data)] == [5, 6]


def test_records_come_in_order_of_time_each_station_once_an_hour() -> None:
    for stations in (1, 2, 3, 8):
        found = list(nyc_2013.records(READINGS, timedelta(0), stations))
        assert [r.observed_at for r in found] == sorted(r.observed_at for r in found)
        assert len({(r.station_id, r.observed_at) for r in found}) == len(found)
        assert len({r.station_id for r in found}) == stations


def test_clones_carry_the_readings_of_their_airport_under_derived_names() -> None:
    assert [nyc_2013.station_ids(airport, 8) for airport in ("EWR", "JFK", "LGA")] == [
        ["EWR", "EWR-0001", "EWR-0002"],
        ["JFK", "JFK-0001", "JFK-0002"],
        ["LGA", "LGA-0001"],
    ]
    found = list(nyc_2013.records(READINGS[:3], timedelta(0), 6))
    assert [r.station_id for r in found] == ["EWR", "EWR-0001", "JFK", "JFK-0001", "LGA", "LGA-0001"]
    assert found[0].temperature_c == found[1].temperature_c


@given(
    st.datetimes(datetime.fromisoformat("2024-01-01"), datetime.fromisoformat("2040-01-01"), timezones=st.just(UTC)),
    st.none() | st.integers(1, 3021),
    st.integers(1, 7),
)
def test_the_last_hour_published_is_the_one_that_runs_now(now: datetime, limit: int | None, stations: int) -> None:
    chosen = plan(CUT, now, shifted=True, stations=stations, limit=limit)
    found = list(chosen.records)
    assert chosen.count == len(found)
    assert limit is None or len(found) <= limit
    assert timedelta(0) <= now - found[-1].observed_at < timedelta(hours=1)
    assert chosen.first == found[0].observed_at
    assert found[-1].observed_at.minute == 0


def test_unshifted_times_are_those_of_2013() -> None:
    chosen = plan(CUT, NINE, shifted=False, stations=3, limit=4)
    assert [record.observed_at for record in chosen.records] == [FAR, FAR, FAR, FAR + timedelta(hours=1)]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"a,b\n1,2\n", f"nyc-2013: expected the columns {','.join(nyc_2013.COLUMNS)}, found ['a', 'b']"),
        (
            CUT.replace(b"39.92", b"warm", 1),
            "nyc-2013 line 2: expected numbers and a time, found could not convert string to float: 'warm'",
        ),
    ],
)
def test_another_file_is_refused(data: bytes, sentence: str) -> None:
    if b"warm" in data:
        header, rest = CUT.split(b"\n", 1)
        data = header + b"\n" + rest.replace(rest.split(b",")[5], b"warm", 1)
    with pytest.raises(DatasetError) as refused:
        nyc_2013.readings(data)
    assert str(refused.value) == sentence
