"""What the demo asks Postgres: rows, the newest hour of each station, the latest anomalies."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

import psycopg
from psycopg.rows import class_row

from contracts.postgres import table_name
from contracts.schema import RECORDS
from local.postgres import Postgres

TABLES = tuple(table_name(RECORDS[name]) for name in ("weather_enriched", "weather_window", "weather_anomaly"))

_Row = TypeVar("_Row")

_STATIONS = """
    SELECT DISTINCT ON (station_id) station_id, window_start, observation_count, temperature_mean_c,
           wind_vector_speed_ms, wind_vector_direction_deg, precipitation_total_mm
    FROM weather_window WHERE window_kind = 'h1'
    ORDER BY station_id, window_start DESC"""

_ANOMALIES = """
    SELECT station_id, observed_at, variable, value, expected_low, expected_high, severity
    FROM weather_anomaly ORDER BY detected_at DESC, observed_at DESC LIMIT %s"""


@dataclass(frozen=True)
class StationHour:
    """The newest one-hour window of a station; nulls stay null."""

    station_id: str
    window_start: datetime
    observation_count: int
    temperature_mean_c: float | None
    wind_vector_speed_ms: float | None
    wind_vector_direction_deg: float | None
    precipitation_total_mm: float | None


@dataclass(frozen=True)
class Anomaly:
    """A value outside its expected range."""

    station_id: str
    observed_at: datetime
    variable: str
    value: float
    expected_low: float
    expected_high: float
    severity: str


class Database:
    """One connection, made when Postgres answers. Before the sink's migrations there are no tables: no rows, then."""

    def __init__(self, postgres: Postgres) -> None:
        self._connection = postgres.connect()

    def close(self) -> None:
        self._connection.close()

    def rows(self) -> dict[str, int]:
        return {table: self._count(table) for table in TABLES}

    def stations(self) -> list[StationHour]:
        return self._all(StationHour, _STATIONS)

    def anomalies(self, limit: int) -> list[Anomaly]:
        return self._all(Anomaly, _ANOMALIES, (limit,))

    def _count(self, table: str) -> int:
        try:
            found = self._connection.execute(
                psycopg.sql.SQL("SELECT count(*) FROM {}").format(psycopg.sql.Identifier(table))
            )
        except psycopg.errors.UndefinedTable:
            return 0
        row = found.fetchone()
        return int(row[0]) if row else 0

    def _all(self, kind: type[_Row], query: str, parameters: tuple[Any, ...] = ()) -> list[_Row]:
        try:
            with self._connection.cursor(row_factory=class_row(kind)) as cursor:
                return cursor.execute(query.encode(), parameters).fetchall()
        except psycopg.errors.UndefinedTable:
            return []
