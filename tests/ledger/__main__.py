"""`python -m tests.ledger --record NAME --produced jsonl:PATH|topic:NAME --arrived topic:NAME|postgres:TABLE`

Exit code 0 if nothing is wrong, 1 if something is, each record named on a line. Kafka is found by ISOBAR_KAFKA_*,
Postgres by ISOBAR_SINKS_POSTGRES_DSN.
"""

import argparse
import sys
from pathlib import Path

from contracts.schema import RECORDS
from contracts.settings import KafkaSettings
from sinks.settings import SinkSettings
from tests.ledger import sources
from tests.ledger.checker import Entry, check, newest

MOST_LINES = 50
"""Beyond this many violations the pattern is plain and the rest is noise; the count is always whole."""


def _read(text: str, record_name: str, order_by: str | None) -> list[Entry]:
    kind, _, name = text.partition(":")
    record = RECORDS[record_name]
    if kind == "jsonl" and name:
        return sources.from_jsonl(record, Path(name))
    if kind == "topic" and name:
        return sources.from_topic(record, name, KafkaSettings.load())
    if kind == "postgres" and name:
        return sources.from_postgres(record, name, SinkSettings.load().dsn(), order_by)
    raise SystemExit(f"found {text!r}, expected jsonl:PATH, topic:NAME or postgres:TABLE")


def main(arguments: list[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.ledger", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--record", required=True, choices=sorted(RECORDS))
    parser.add_argument("--produced", "--source", required=True, help="jsonl:PATH or topic:NAME")
    parser.add_argument("--arrived", required=True, help="topic:NAME or postgres:TABLE")
    parser.add_argument(
        "--order-by", help="a column of the table that tells the order of arrival; without it order is not checked"
    )
    parser.add_argument(
        "--newest", action="store_true", help="only the highest revision of each record must have arrived"
    )
    options = parser.parse_args(arguments)

    produced = _read(options.produced, options.record, None)
    arrived = _read(options.arrived, options.record, options.order_by)
    ordered = options.arrived.startswith("topic:") or options.order_by is not None
    violations = check(newest(produced) if options.newest else produced, arrived, ordered=ordered)
    for violation in violations[:MOST_LINES]:
        print(violation)
    if len(violations) > MOST_LINES:
        print(f"... and {len(violations) - MOST_LINES} more")
    print(f"{len(produced)} produced, {len(arrived)} arrived, {len(violations)} violations")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
