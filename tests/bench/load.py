"""Observations for the cases: the replay's own records, of as many clones of its stations as the number needs.

Mostly the two weeks that ship with the package: many stations, and no network. The year, fetched once, has fewer.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from contracts import wire
from contracts.types import WeatherEnriched, WeatherObservation
from producer import nyc_2013, replay
from producer.fetch import NYC_2013, cached, fetch
from producer.settings import ProducerSettings


def year() -> bytes:
    """All observations of 2013, from the cache or fetched into it."""
    cache_dir = ProducerSettings.load().cache_dir
    return cached(NYC_2013, cache_dir) or fetch(NYC_2013, cache_dir).read_bytes()


def stations(count: int, data: bytes) -> int:
    """How many stations it takes to make `count` observations of the data."""
    return len(nyc_2013.AIRPORTS) * -(-count // len(nyc_2013.readings(data)))


def plan(count: int, data: bytes | None = None) -> replay.Plan:
    """`count` observations that end now; of the two weeks if no data is given."""
    chosen = data or nyc_2013.cut()
    return replay.plan(chosen, datetime.now(UTC), shifted=True, stations=stations(count, chosen), limit=count)


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
