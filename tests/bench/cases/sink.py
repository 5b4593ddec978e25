"""Kafka → Postgres: the sink on a topic that is already full, beside a plain staged COPY of the same rows."""

from __future__ import annotations

from contracts import wire
from contracts.schema import RECORDS
from sinks.settings import SinkSettings
from tests.bench import database, load, processes
from tests.bench.context import Bench
from tests.bench.report import Figure, Target
from tests.bench.topics import consume, produce

NAME = "sink"
TARGET_OF_RAW = Target("at least", 0.4)

_PREFIX = "sink."


def run(bench: Bench) -> list[Figure]:
    rows, server = bench.scale.rows, bench.stack.postgres
    database.track_commits(server)
    topic = bench.topics(_PREFIX).enriched
    bench.say(f"{rows:,} rows → {topic.name}")
    encoded = ((wire.key(row, topic.key), wire.encode(row)) for row in load.enriched(rows))
    produce(bench.kafka, topic.name, encoded)
    read, read_s = consume(bench.kafka, [topic.name], rows)
    batch = SinkSettings.model_fields["batch_rows"].default
    copied, copied_s = database.copy_and_upsert(server, RECORDS["weather_enriched"], load.enriched(rows), batch)
    with processes.sink(bench, _PREFIX) as sink:
        database.wait_for_rows(server, "weather_enriched", rows, sink)
    applied = database.commits(server, "weather_enriched")
    rate, raw = applied.later_rows / applied.seconds, copied / copied_s
    return [
        Figure(NAME, "Kafka → Postgres, exactly-once", rate, "rows/s", raw, "plain COPY + upsert"),
        Figure(NAME, "share of the plain COPY", rate / raw, "", target=TARGET_OF_RAW),
        Figure(NAME, "reading alone", read / read_s, "records/s", note="plain consume of the same topic"),
    ]
