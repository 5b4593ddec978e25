"""The year of observations, from the cache or fetched into it: the cut that is shipped has not all its defects."""

from producer.fetch import NYC_2013, cached, fetch
from producer.settings import ProducerSettings


def nyc_2013() -> bytes:
    """The whole file."""
    cache_dir = ProducerSettings.load().cache_dir
    data = cached(NYC_2013, cache_dir)
    return data if data is not None else fetch(NYC_2013, cache_dir).read_bytes()
