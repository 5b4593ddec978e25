"""UK Met Office DataPoint, retired in December 2025: a parser for old recordings, played by `--cassette`.

The format is XML turned into JSON: every number is a text, lists of one element arrive as that element, `$` is a row's
minutes after 00:00 UTC of its day, and a day is written as a date followed by a bare Z. Wind is mph.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from contracts import units
from contracts.types import WeatherObservation
from producer.budget import Limit
from producer.clock import utc_now
from producer.errors import ProviderError, RowError, UnreadableError
from producer.http import KeyPlace, Request, Response
from producer.places import Place
from producer.providers import fields
from producer.providers.base import Ask, Parsed, fault_by_status, json_body

NAME = "datapoint"
ALL_SITES = "all"
MINUTES_A_DAY = 1440


def as_list(value: Any) -> list[Any]:
    """What was a list before it became JSON: one element arrives bare, none as null or not at all."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


class DataPoint:
    """Hourly observations (`wxobs`) of one site or all."""

    name = NAME
    key_place: KeyPlace | None = None
    limit = Limit(per_minute=None, per_day=None)
    interval_s = 3600
    quota_wait_s = 3600

    def locate(self, place: Place, ask: Ask) -> str:
        """A recording has the sites it has."""
        return ALL_SITES

    def observe(self, location: str, ask: Ask) -> Parsed:
        """The next recorded answer; the address is the one that was asked while the service lived."""
        url = f"http://datapoint.metoffice.gov.uk/public/data/val/wxobs/all/json/{location}"
        return self.parse(json_body(self.name, ask(Request(url, {"res": "hourly"}))))

    def parse(self, body: Any) -> Parsed:
        """Observations of an answer, in order of time."""
        try:
            locations = as_list(fields.member(fields.member(body, "SiteRep"), "DV").get("Location"))
        except (RowError, AttributeError):
            locations = []
        if not locations:
            raise UnreadableError(f"{self.name}: expected SiteRep.DV.Location, found {body!r:.80}")
        observations: list[WeatherObservation] = []
        refused: list[str] = []
        for location in locations:
            for site, day, row in self._rows(location):
                try:
                    observations.append(self._observation(site, day, row))
                except RowError as error:
                    refused.append(f"{self.name} {site.get('i')!r}: {error}")
        return Parsed(sorted(observations, key=lambda found: (found.observed_at, found.station_id)), refused)

    @staticmethod
    def _rows(location: Any) -> Iterator[tuple[Mapping[str, Any], Any, Any]]:
        site = location if isinstance(location, Mapping) else {}
        for period in as_list(site.get("Period")):
            days = period if isinstance(period, Mapping) else {}
            for row in as_list(days.get("Rep")):
                yield site, days.get("value"), row

    def _observation(self, site: Mapping[str, Any], day: Any, row: Any) -> WeatherObservation:
        if not isinstance(row, Mapping):
            raise RowError(f"expected an object per hour, found {row!r:.80}")
        station_id = site.get("i")
        if not isinstance(station_id, str) or not station_id:
            raise RowError(f"expected a site number in 'i', found {station_id!r}")
        visibility_m = fields.text_number(row, "V")
        return WeatherObservation(
            source=self.name,
            station_id=station_id,
            observed_at=self._observed_at(day, row),
            ingested_at=utc_now(),
            revision=0,
            lat=fields.text_number(site, "lat"),
            lon=fields.text_number(site, "lon"),
            elevation_m=fields.text_number(site, "elevation"),
            temperature_c=fields.text_number(row, "T"),
            dew_point_c=fields.text_number(row, "Dp"),
            humidity_pct=fields.text_number(row, "H"),
            pressure_sea_level_hpa=fields.text_number(row, "P"),
            pressure_station_hpa=None,
            wind_speed_ms=self._wind_ms(row, "S"),
            wind_direction_deg=fields.compass_deg(row, "D"),
            wind_gust_ms=self._wind_ms(row, "G"),
            precipitation_1h_mm=None,
            visibility_m=visibility_m,
            visibility_is_lower_bound=None if visibility_m is None else False,
            weather_code=fields.code(row, "W"),
        )

    @staticmethod
    def _observed_at(day: Any, row: Mapping[str, Any]) -> datetime:
        try:
            midnight = datetime.strptime(str(day), "%Y-%m-%dZ").replace(tzinfo=UTC)
        except ValueError:
            raise RowError(f"expected a day such as 2025-10-02Z, found {day!r}") from None
        minutes = fields.text_number(row, "$")
        if minutes is None or not 0 <= minutes < MINUTES_A_DAY:
            raise RowError(f"expected minutes after midnight in '$', found {row.get('$')!r}")
        return midnight + timedelta(minutes=minutes)

    @staticmethod
    def _wind_ms(row: Mapping[str, Any], name: str) -> float | None:
        value = fields.text_number(row, name)
        return None if value is None else fields.rounded(units.ms_from_mph(value))

    def fault(self, response: Response) -> ProviderError | None:
        """Recordings hold errors too; statuses mean what they usually do."""
        return fault_by_status(self.name, response)
