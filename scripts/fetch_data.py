"""Fetches real datasets into the user's cache directory: `python -m scripts.fetch_data nyc-2013`."""

import argparse
import sys

from contracts.settings import SettingsError
from producer.errors import DatasetError
from producer.fetch import DATASETS, fetch
from producer.settings import ProducerSettings


def main(arguments: list[str] | None = None) -> int:
    """Fetches each named dataset and prints where it is."""
    parser = argparse.ArgumentParser(prog="python -m scripts.fetch_data", description=__doc__)
    parser.add_argument("dataset", nargs="+", choices=sorted(DATASETS))
    options = parser.parse_args(arguments)
    try:
        cache_dir = ProducerSettings.load().cache_dir
        for name in options.dataset:
            path = fetch(DATASETS[name], cache_dir)
            print(f"{name}: {path} ({path.stat().st_size:,} bytes, {DATASETS[name].licence}, SHA-256 as expected)")
    except (DatasetError, SettingsError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
