"""UK Met Office, DataHub Land Observations: hourly, about 150 stations, the last 48 hours in each answer.

A place is looked up once (`/nearest`) and from then on known by its station's geohash. Rows have no position: it is
read out of the geohash, whose six characters are a cell of about 1.2 by 0.6 km. Rows have no dew point and no rain;
any field can be absent or null. Pressure here is hPa (the same vendor's forecast has Pa).
"""

import re
from collections.abc import Mapping
from typing import Any

from contracts import units
from contracts.types import WeatherObservation
from producer.budget import Limit
from producer.clock import utc_now
from producer.errors import ProviderError, QuotaError, RowError, UnreadableError
from producer.http import STATUS_OK, KeyPlace, Request, Response
from producer.places import Place
from producer.providers import fields
from producer.providers.base import Ask, Parsed, body_message, fault_by_status, json_body
from producer.retry_after import retry_after_s

NAME = "metoffice"
COORDINATE_DECIMALS = 2  # more are refused by /nearest
GEOHASH_LENGTH = 6
GEOHASH_ALPHABET = "0123456789bcdefghjkmnpqrstuvwxyz"
POSITION_DECIMALS = 4  # about 10 m, far finer than the cell
THROTTLED = re.compile(rb'"code"\s*:\s*"?9008')
"""The gateway's codes for a quota used up, as text or number, nested or not, whatever status they come with."""

MS_PER_UNIT = {"m/s": 1.0, "kn": units.MS_PER_KNOT}
"""Three client code bases read wind as m/s and one directory page says knots: a setting, in case the page is right."""


def decode_geohash(geohash: str) -> tuple[float, float]:
    """Latitude and longitude of the middle of a geohash's cell, in degrees."""
    lat, lon = [-90.0, 90.0], [-180.0, 180.0]
    for index in range(len(geohash) * 5):
        bit = GEOHASH_ALPHABET.index(geohash[index // 5]) >> (4 - index % 5) & 1
        span = lon if index % 2 == 0 else lat
        span[1 - bit] = sum(span) / 2
    return round(sum(lat) / 2, POSITION_DECIMALS), round(sum(lon) / 2, POSITION_DECIMALS)


def is_geohash(text: object) -> bool:
    """Whether the observations endpoint would accept it."""
    return isinstance(text, str) and len(text) == GEOHASH_LENGTH and set(text) <= set(GEOHASH_ALPHABET)


class MetOffice:
    """Land Observations of DataHub."""

    name = NAME
    key_place: KeyPlace | None = KeyPlace("header", "apikey")
    limit = Limit(per_minute=None, per_day=360)
    interval_s = 3600
    quota_wait_s = 3600  # 429 means that the day's limit is used up; when the day ends is not documented

    def __init__(self, base_url: str, wind_unit: str = "m/s") -> None:
        self._base_url = f"{base_url}/observation-land/1"
        self._ms_per_wind_unit = MS_PER_UNIT[wind_unit]

    def locate(self, place: Place, ask: Ask) -> str:
        """The geohash of the station nearest to a place."""
        params = {name: f"{value:.{COORDINATE_DECIMALS}f}" for name, value in (("lat", place.lat), ("lon", place.lon))}
        found = json_body(self.name, ask(Request(f"{self._base_url}/nearest", params)))
        first = found[0] if isinstance(found, list) and found else found
        geohash = first.get("geohash") if isinstance(first, Mapping) else None
        if not is_geohash(geohash):
            raise UnreadableError(
                f"{self.name}: expected a list of stations with a geohash of {GEOHASH_LENGTH} characters near"
                f" '{place.name}', found {found!r:.80}"
            )
        return str(geohash)

    def observe(self, location: str, ask: Ask) -> Parsed:
        """The station's last 48 hours."""
        return self.parse(location, json_body(self.name, ask(Request(f"{self._base_url}/{location}"))))

    def parse(self, geohash: str, rows: Any) -> Parsed:
        """Observations of an answer, sorted by time: its own order is not guaranteed."""
        if not isinstance(rows, list):
            raise UnreadableError(f"{self.name}: expected a list of observations, found {rows!r:.80}")
        observations, refused = [], []
        for row in rows:
            try:
                observations.append(self._observation(geohash, row))
            except RowError as error:
                refused.append(f"{self.name} {geohash}: {error}")
        return Parsed(sorted(observations, key=lambda found: found.observed_at), refused)

    def _observation(self, geohash: str, row: Any) -> WeatherObservation:
        if not isinstance(row, Mapping):
            raise RowError(f"expected an object per hour, found {row!r:.80}")
        lat, lon = decode_geohash(geohash)
        visibility_m = fields.number(row, "visibility")
        return WeatherObservation(
            source=self.name,
            station_id=geohash,
            observed_at=fields.instant(row, "datetime"),
            ingested_at=utc_now(),
            revision=0,
            lat=lat,
            lon=lon,
            elevation_m=None,
            temperature_c=fields.number(row, "temperature"),
            dew_point_c=None,
            humidity_pct=fields.number(row, "humidity"),
            pressure_sea_level_hpa=fields.number(row, "mslp"),
            pressure_station_hpa=None,
            wind_speed_ms=self._wind_ms(row, "wind_speed"),
            wind_direction_deg=fields.compass_deg(row, "wind_direction"),
            wind_gust_ms=self._wind_ms(row, "wind_gust"),
            precipitation_1h_mm=None,
            visibility_m=visibility_m,
            visibility_is_lower_bound=None if visibility_m is None else False,
            weather_code=fields.code(row, "weather_code"),
        )

    def _wind_ms(self, row: Mapping[str, Any], name: str) -> float | None:
        value = fields.number(row, name)
        return None if value is None else fields.rounded(value * self._ms_per_wind_unit)

    def fault(self, response: Response) -> ProviderError | None:
        """Statuses mean what they usually do; the gateway also has codes of its own, in any shape of body."""
        if response.status != STATUS_OK and THROTTLED.search(response.body):
            said = f"{self.name} answered {response.status}: {body_message(response)}"
            return QuotaError(said, retry_after_s(response))
        return fault_by_status(self.name, response)
