"""Flink tables over the topics of the catalogue, columns from the record contracts.

Sinks of one job share the guarantee and have a transactional id prefix each (two sinks with one prefix would fence each
other). `windows` and `revisions` are upserts: their key is the record's identity as JSON.
"""

from contracts.flink import columns
from contracts.kafka import flink_properties
from contracts.schema import RECORDS
from contracts.settings import KafkaSettings
from contracts.topics import Topic
from jobs.settings import JobSettings
from jobs.sql import options

RAW = {
    "key.format": "raw",
    "key.fields": "message_key",
    "value.format": "raw",
    "value.fields-include": "EXCEPT_KEY",
}
"""Key and value as bytes, in columns `message_key` and one other."""

ISO = {"value.json.timestamp-format.standard": "ISO-8601"}


class Tables:
    """DDL of one job's sources and sinks."""

    def __init__(self, settings: JobSettings, kafka: KafkaSettings, *, bounded: bool = False) -> None:
        self.settings = settings
        self.connection = {"connector": "kafka", **flink_properties(kafka)}
        self.bounded = bounded

    def scan(self, topic: Topic) -> str:
        """WITH options of a source: committed records from the group's offset, the earliest at first."""
        settings = self.settings
        scan = {
            **self.connection,
            "topic": topic.name,
            "properties.group.id": settings.job_id,
            "properties.isolation.level": "read_committed",
            "properties.auto.offset.reset": "earliest",
            "scan.startup.mode": "earliest-offset",
            "scan.watermark.emit.strategy": "on-event",  # a late record is told from a timely one at the record itself
            **RAW,
        }
        if settings.idle_timeout_s:
            scan["scan.watermark.idle-timeout"] = f"{settings.idle_timeout_s} s"
        if self.bounded:
            scan["scan.bounded.mode"] = "latest-offset"
        return options(scan)

    def _sink(self, topic: Topic, name: str) -> dict[str, str]:
        settings = self.settings
        sink = {
            **self.connection,
            "topic": topic.name,
            "sink.delivery-guarantee": settings.delivery_guarantee,
            "properties.compression.type": "lz4",
            "properties.linger.ms": "20",
            "properties.batch.size": "131072",
        }
        if settings.delivery_guarantee == "exactly-once":
            sink["properties.transaction.timeout.ms"] = str(settings.transaction_timeout_ms)
            sink["sink.transactional-id-prefix"] = f"{settings.job_id}-{name}"
        return sink

    def append(self, name: str, topic: Topic) -> str:
        """An insert-only table of a topic keyed by one field."""
        assert topic.record is not None
        form = {"key.format": "raw", "key.fields": topic.key[0], "value.format": "json", **ISO}
        with_ = options({**self._sink(topic, name), **form})
        return f"CREATE TABLE {name} ({columns(RECORDS[topic.record])}) WITH ({with_})"

    def upsert(self, name: str, topic: Topic) -> str:
        """A table whose later rows replace earlier ones of the same key."""
        assert topic.record is not None
        form = {
            "connector": "upsert-kafka",
            "key.format": "json",
            "key.json.timestamp-format.standard": "ISO-8601",
            "value.format": "json",
            **ISO,
        }
        with_ = options({**self._sink(topic, name), **form})
        key = f"PRIMARY KEY ({', '.join(topic.key)}) NOT ENFORCED"
        return f"CREATE TABLE {name} ({columns(RECORDS[topic.record])}, {key}) WITH ({with_})"

    def dead_letters(self, name: str, topic: str) -> str:
        """A table of original bytes and headers."""
        with_ = options({**self._sink(Topic(topic, ""), name), **RAW})
        return f"CREATE TABLE {name} (message_key BYTES, original BYTES, headers MAP<STRING, BYTES> METADATA) WITH ({with_})"
