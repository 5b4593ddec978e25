"""Observations for the cases: the replay's own records, of as many clones of its stations as the number needs.

The two weeks that ship with the package, not the fetched year: the same load on every machine, with no network.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from contracts import wire
from contracts.types import WeatherEnriched, WeatherObservation
from producer import nyc_2013, replay


def plan(count: int) -> replay.Plan:
    """`count` observations that end now."""
    data = nyc_2013.cut()
    readings = len(nyc_2013.readings(data))
    stations = len(nyc_2013.AIRPORTS) * -(-count // readings)
    return replay.plan(data, datetime.now(UTC), shifted=True, stations=stations, limit=count)


def keyed(records: Iterator[WeatherObservation], key: tuple[str, ...]) -> Iterator[tuple[bytes, bytes]]:
    """Keys and values as they go over the wire."""
    return ((wire.key(record, key), wire.encode(record)) for record in records)


def enriched(count: int) -> Iterator[WeatherEnriched]:
    """What the job makes of observations, near enough in size: for the sink only the number of bytes counts."""
    for record in plan(count).records:
        fields = {name: getattr(record, name) for name in record.__struct_fields__}
        yield WeatherEnriched(
            **fields,
            heat_index_c=None,
            wind_chill_c=record.temperature_c,
            beaufort=3,
            quality="good",
            quality_flags=None,
        )
