"""OpenWeather, current weather: one present value per place, refreshed about every ten minutes.

Units follow the question (without `units` it is Kelvin, with `imperial` it is degF and mph), so the parser is told
which were asked for and never guesses from the values. Pressure is hPa in all of them: `pressure` at sea level,
`grnd_level` at the ground. Visibility stops at 10 000 m. `rain`, `snow` and `gust` are left out when there are
none, but also when they are not known: null, never 0.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

from contracts import units
from contracts.types import WeatherObservation
from producer.budget import Limit
from producer.clock import utc_now
from producer.errors import ProviderError, RowError, UnreadableError
from producer.http import STATUS_OK, KeyPlace, Request, Response
from producer.places import Place
from producer.providers import fields
from producer.providers.base import Ask, Parsed, fault_by_status, json_body

NAME = "openweather"
UNITS = "metric"
VISIBILITY_CAP_M = 10_000.0
COORDINATE_DECIMALS = 4  # about 10 m
DAYS_IN_LONGEST_MONTH = 31
MONTHLY_LIMIT = 1_000_000
ERROR_STATUSES = range(400, 600)


@dataclass(frozen=True, slots=True)
class UnitSystem:
    """How one value of `units` becomes ours."""

    celsius: Callable[[float], float]
    ms: Callable[[float], float]


def _same(value: float) -> float:
    return value


UNIT_SYSTEMS = {
    "standard": UnitSystem(units.celsius_from_kelvin, _same),
    "metric": UnitSystem(_same, _same),
    "imperial": UnitSystem(units.celsius_from_fahrenheit, units.ms_from_mph),
}


def status_in(body: bytes) -> int:
    """The status that a body names: `cod` is a number in some answers, a text in others; else success."""
    try:
        cod = str(msgspec.json.decode(body)["cod"])
    except (msgspec.DecodeError, UnicodeDecodeError, TypeError, KeyError):
        return STATUS_OK
    return int(cod) if cod.isascii() and cod.isdigit() and int(cod) in ERROR_STATUSES else STATUS_OK


class OpenWeather:
    """The current weather endpoint of the free plan."""

    name = NAME
    key_place: KeyPlace | None = KeyPlace("query", "appid")
    limit = Limit(per_minute=60, per_day=MONTHLY_LIMIT // DAYS_IN_LONGEST_MONTH)
    interval_s = 600
    quota_wait_s = 60  # no Retry-After is documented; the limit is per minute

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url

    def locate(self, place: Place, ask: Ask) -> str:
        """A place is asked for by its coordinates: nothing to look up."""
        return f"{place.lat:.{COORDINATE_DECIMALS}f},{place.lon:.{COORDINATE_DECIMALS}f}"

    def observe(self, location: str, ask: Ask) -> Parsed:
        """The present weather."""
        lat, _, lon = location.partition(",")
        response = ask(Request(f"{self._base_url}/data/2.5/weather", {"lat": lat, "lon": lon, "units": UNITS}))
        return self.parse(json_body(self.name, response), UNITS)

    def parse(self, body: Any, asked_units: str) -> Parsed:
        """The observation of an answer to a question asked in `asked_units`."""
        if not isinstance(body, Mapping) or not isinstance(body.get("main"), Mapping):
            raise UnreadableError(f"{self.name}: expected an object with 'main', found {body!r:.80}")
        try:
            return Parsed([self._observation(body, UNIT_SYSTEMS[asked_units])])
        except RowError as error:
            return Parsed([], [f"{self.name} {body.get('id')!r}: {error}"])

    def _observation(self, body: Mapping[str, Any], system: UnitSystem) -> WeatherObservation:
        main, wind, coord = (fields.member(body, name) for name in ("main", "wind", "coord"))
        temperature, speed, gust = (
            fields.number(main, "temp"),
            fields.number(wind, "speed"),
            fields.number(wind, "gust"),
        )
        visibility_m = fields.number(body, "visibility")
        sea_level_hpa = fields.number(main, "pressure")
        return WeatherObservation(
            source=self.name,
            station_id=self._station_id(body, coord),
            observed_at=self._observed_at(body),
            ingested_at=utc_now(),
            revision=0,
            lat=fields.number(coord, "lat"),
            lon=fields.number(coord, "lon"),
            elevation_m=None,
            temperature_c=None if temperature is None else fields.rounded(system.celsius(temperature)),
            dew_point_c=None,
            humidity_pct=fields.number(main, "humidity"),
            pressure_sea_level_hpa=fields.number(main, "sea_level") if sea_level_hpa is None else sea_level_hpa,
            pressure_station_hpa=fields.number(main, "grnd_level"),
            wind_speed_ms=None if speed is None else fields.rounded(system.ms(speed)),
            wind_direction_deg=fields.number(wind, "deg"),
            wind_gust_ms=None if gust is None else fields.rounded(system.ms(gust)),
            precipitation_1h_mm=self._precipitation_mm(body),
            visibility_m=visibility_m,
            visibility_is_lower_bound=None if visibility_m is None else visibility_m >= VISIBILITY_CAP_M,
            weather_code=self._weather_code(body),
        )

    @staticmethod
    def _station_id(body: Mapping[str, Any], coord: Mapping[str, Any]) -> str:
        """The city's number. Points at sea share the number 0, so there the coordinates are the name."""
        number = body.get("id")
        if isinstance(number, int) and not isinstance(number, bool) and number > 0:
            return str(number)
        lat, lon = fields.number(coord, "lat"), fields.number(coord, "lon")
        if lat is None or lon is None:
            raise RowError(f"expected a positive whole number in 'id', or coordinates in 'coord', found {number!r}")
        return f"{lat:.{COORDINATE_DECIMALS}f},{lon:.{COORDINATE_DECIMALS}f}"

    @staticmethod
    def _observed_at(body: Mapping[str, Any]) -> datetime:
        seconds = body.get("dt")
        if not isinstance(seconds, int) or isinstance(seconds, bool) or seconds <= 0:
            raise RowError(f"expected epoch seconds in 'dt', found {seconds!r}")
        try:
            return datetime.fromtimestamp(seconds, UTC)
        except (ValueError, OverflowError, OSError):
            raise RowError(f"expected epoch seconds in 'dt', found {seconds!r}") from None

    @staticmethod
    def _precipitation_mm(body: Mapping[str, Any]) -> float | None:
        """Rain and snow of the last hour together, both in mm of water; null if the answer speaks of neither."""
        amounts = [fields.number(fields.member(body, kind), "1h") for kind in ("rain", "snow")]
        present = [amount for amount in amounts if amount is not None]
        return fields.rounded(sum(present)) if present else None

    @staticmethod
    def _weather_code(body: Mapping[str, Any]) -> str | None:
        conditions = body.get("weather")
        if not isinstance(conditions, list) or not conditions or not isinstance(conditions[0], Mapping):
            return None
        return fields.code(conditions[0], "id")

    def fault(self, response: Response) -> ProviderError | None:
        """Statuses mean what they usually do; the one in the body counts too, where HTTP says success."""
        if response.status == STATUS_OK:
            response = Response(status_in(response.body), response.headers, response.body)
        return fault_by_status(self.name, response)
