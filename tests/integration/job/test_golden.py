"""All 26,115 observations of nyc-2013 through broker, Flink, sink and Postgres, held against `expected.py`.

Every row of enriched, windows and anomalies, every field; and what is wrong with the data itself ends where it should.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import pytest
from confluent_kafka import Message

from contracts import wire
from contracts.dead_letter import HEADERS
from contracts.schema import RECORDS
from contracts.types import WeatherObservation
from tests.integration.job.closers import CLOSER, send_closers
from tests.integration.job.compare import compare, equal
from tests.integration.job.dataset import nyc_2013
from tests.integration.job.expected import Expected, compute
from tests.integration.job.harness import JobHarness, headers

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]

TOTAL = 26_115

SOURCE_TIME = frozenset({"ingested_at"})
FOUND_TIME = frozenset({"detected_at"})


@dataclass(frozen=True)
class Year:
    """The whole run: what was expected, sent and found."""

    expected: Expected
    harness: JobHarness
    began: datetime
    sent: list[Message]
    tables: dict[str, list[dict[str, Any]]]
    closers: list[WeatherObservation]

    def rows(self, table: str) -> list[dict[str, Any]]:
        """Without those of the closers."""
        return [row for row in self.tables[table] if row["source"] != CLOSER]


@pytest.fixture(scope="module")
def year(module_make: Any) -> Iterator[Year]:
    began = datetime.now(UTC)
    expected = compute(nyc_2013())
    harness = module_make("nyc-2013.")
    harness.submit()
    harness.sink("sink", "enriched", "windows", "anomalies", "revisions")
    replay = harness.replay("--no-shift", "--speed", "max")
    assert replay.wait(300) == 0, replay.log_path.read_text()
    closers = send_closers(harness, datetime(2014, 1, 2, tzinfo=UTC))
    harness.settle()
    tables = {name: harness.table(name) for name in ("weather_enriched", "weather_window", "weather_anomaly")}
    sent = [message for message in harness.read("observations") if CLOSER not in (message.key() or b"").decode()]
    yield Year(expected, harness, began, sent, tables, closers)
    assert harness.restarts() == 0


def test_all_was_sent(year: Year) -> None:
    assert len(year.sent) == TOTAL
    assert len(year.expected.enriched) + len(year.expected.refused) == TOTAL


def test_every_enriched_row(year: Year) -> None:
    ingested = {_identity(record): record.ingested_at for record in map(_decoded, year.sent)}
    rows = year.rows("weather_enriched")

    result = compare(rows, year.expected.enriched, [*RECORDS["weather_enriched"].identity], SOURCE_TIME)

    assert result.is_equal, result
    assert result.compared == TOTAL - 1
    names = ("source", "station_id", "observed_at")
    assert [row for row in rows if row["ingested_at"] != ingested[tuple(row[name] for name in names)]] == []


def test_every_window(year: Year) -> None:
    result = compare(
        year.rows("weather_window"), year.expected.windows, [*RECORDS["weather_window"].identity], frozenset()
    )

    assert result.is_equal, result
    assert result.compared == len(year.expected.windows)


def test_every_anomaly(year: Year) -> None:
    rows = year.rows("weather_anomaly")

    result = compare(rows, year.expected.anomalies, [*RECORDS["weather_anomaly"].identity], FOUND_TIME)

    assert result.is_equal, result
    assert result.compared == len(year.expected.anomalies) > 0
    assert all(year.began <= row["detected_at"] <= datetime.now(UTC) for row in rows)


def test_the_closers_are_there_too(year: Year) -> None:
    stations = sorted(closer.station_id for closer in year.closers)

    assert len(stations) >= year.harness.catalogue.observations.partitions
    enriched = [row["station_id"] for row in year.tables["weather_enriched"] if row["source"] == CLOSER]
    assert sorted(enriched) == stations
    # nothing came after them: their own windows are open, and so not yet said
    assert [row for row in year.tables["weather_window"] if row["source"] == CLOSER] == []


# ---- the data's own defects ----


def test_a_wind_of_1048_mph_is_a_dead_letter_and_nothing_else(year: Year) -> None:
    moment = datetime(2013, 2, 12, 8, tzinfo=UTC)
    (refused,) = year.expected.refused.itertuples()
    assert (refused.station_id, refused.observed_at) == ("EWR", moment)
    (original,) = [
        message
        for message in year.sent
        if (record := _decoded(message)).station_id == "EWR" and record.observed_at == moment
    ]

    (letter,) = year.harness.read("dead_letters")

    assert (letter.key(), letter.value()) == (original.key(), original.value())
    found = headers(letter)
    assert set(found) == set(HEADERS)
    failed_at = datetime.fromisoformat(found.pop("failed-at"))
    assert year.began.replace(microsecond=0) <= failed_at <= datetime.now(UTC)
    assert found == {
        "reason": "expected a value that is possible at this latitude and season, found wind_speed_ms 468.659",
        "component": "process-weather",
        "source-topic": year.harness.catalogue.observations.name,
        "source-partition": str(original.partition()),
        "source-offset": str(original.offset()),
        "attempt": "1",
    }
    for table in ("weather_enriched", "weather_anomaly"):
        rows = year.rows(table)
        assert [row for row in rows if row["station_id"] == "EWR" and row["observed_at"] == moment] == []
    assert [
        row
        for row in year.rows("weather_window")
        if row["station_id"] == "EWR" and row["window_kind"] == "h1" and row["window_start"] == moment
    ] == []


def test_nulls_stay_null(year: Year) -> None:
    rows = year.rows("weather_enriched")
    nulls = {
        name: sum(row[name] is None for row in rows)
        for name in ("wind_gust_ms", "pressure_sea_level_hpa", "wind_direction_deg")
    }

    # as counted in the file; the refused record has no gust
    assert nulls == {"wind_gust_ms": 20_778 - 1, "pressure_sea_level_hpa": 2_729, "wind_direction_deg": 460}
    temperature = next(row for row in rows if row["temperature_c"] is None)
    assert temperature["heat_index_c"] is temperature["wind_chill_c"] is None


def test_missing_hours_show_as_incomplete_windows(year: Year) -> None:
    days = [row for row in year.rows("weather_window") if row["window_kind"] == "h24"]
    incomplete = [row for row in days if row["completeness"] < 1]

    assert incomplete
    assert all(row["completeness"] == row["temperature_count"] / 24 for row in incomplete)
    assert [row for row in days if row["completeness"] > 1] == []
    # whole days are missing nowhere: what three stations lack of the year's hours is missing inside windows
    hours = (datetime(2013, 12, 30, 23, tzinfo=UTC) - datetime(2013, 1, 1, 6, tzinfo=UTC)) // timedelta(hours=1) + 1
    outside = 3 * 6  # of the first day, before the first record
    assert sum(24 - row["observation_count"] for row in days) == 3 * hours - (TOTAL - 1) + outside


def _decoded(message: Message) -> WeatherObservation:
    return wire.decode(WeatherObservation, message.value() or b"")


def _identity(record: WeatherObservation) -> tuple[str, str, datetime]:
    return record.source, record.station_id, record.observed_at


# ---- the comparison itself ----


def test_the_comparison_names_what_is_missing_extra_and_different() -> None:
    expected = pd.DataFrame({"id": ["a", "b", "c"], "wind_direction_deg": [0.0, 90.0, float("nan")], "n": [1, 2, 3]})
    found: list[dict[str, Any]] = [
        {"id": "a", "wind_direction_deg": 360.0 - 1e-12, "n": 1},
        {"id": "b", "wind_direction_deg": 90.001, "n": 7},
        {"id": "b", "wind_direction_deg": 90.0, "n": 2},
        {"id": "d", "wind_direction_deg": None, "n": 4},
    ]

    result = compare(found, expected, ["id"], frozenset())

    assert (result.missing, result.extra) == (["c"], ["b", "d"])
    assert result.different == ["b: wind_direction_deg 90.001, expected 90.0; n 7, expected 2"]
    assert not equal("temperature_c", 0.0, None)
    assert not equal("temperature_c", None, 0.0)
    assert equal("temperature_c", None, float("nan"))
