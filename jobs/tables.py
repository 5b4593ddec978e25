"""Flink tables over the topics of the catalogue, columns from the record contracts.

Sinks of one job share the guarantee and have a transactional id prefix each (two sinks with one prefix would fence each
other). `windows` and `revisions` are upserts: their key is the record's identity as JSON.
"""

from collections.abc import Mapping
from dataclasses import dataclass

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

VALUE_JSON = {"value.format": "streamed-json"}
KEY_JSON = {"key.format": "streamed-json"}
"""Our own writer (`jobs/java`), in the form of `contracts.wire`."""


@dataclass(frozen=True)
class Table:
    """One table: what the query sees of it (`columns`) apart from where it is and how it is read (`options`)."""

    name: str
    columns: str
    options: Mapping[str, str]

    def ddl(self) -> str:
        """CREATE TABLE …"""
        return f"CREATE TABLE {self.name} ({self.columns}) WITH ({options(self.options)})"


class Tables:
    """The tables of one job."""

    def __init__(self, settings: JobSettings, kafka: KafkaSettings, *, bounded: bool = False) -> None:
        self.settings = settings
        self.connection = {"connector": "kafka", **flink_properties(kafka)}
        self.bounded = bounded

    def source(self, name: str, topic: Topic, columns: str) -> Table:
        """Key and value bytes of a topic: committed records from the earliest; a restored job goes on where it was."""
        settings = self.settings
        scan = {
            **self.connection,
            "topic": topic.name,
            "properties.group.id": settings.job_id,
            "properties.isolation.level": "read_committed",
            "scan.startup.mode": "earliest-offset",
            **RAW,
        }
        if settings.idle_timeout_s:
            scan["scan.watermark.idle-timeout"] = f"{settings.idle_timeout_s} s"
        if self.bounded:
            scan["scan.bounded.mode"] = "latest-offset"
        return Table(name, columns, scan)

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

    def append(self, name: str, topic: Topic) -> Table:
        """An insert-only table of a topic keyed by one field."""
        assert topic.record is not None
        form = {"key.format": "raw", "key.fields": topic.key[0], **VALUE_JSON}
        return Table(name, columns(RECORDS[topic.record]), {**self._sink(topic, name), **form})

    def upsert(self, name: str, topic: Topic) -> Table:
        """A table whose later rows replace earlier ones of the same key."""
        assert topic.record is not None
        form = {"connector": "upsert-kafka", **KEY_JSON, **VALUE_JSON}
        key = f"PRIMARY KEY ({', '.join(topic.key)}) NOT ENFORCED"
        return Table(name, f"{columns(RECORDS[topic.record])}, {key}", {**self._sink(topic, name), **form})

    def dead_letters(self, name: str, topic: Topic) -> Table:
        """A table of original bytes and headers."""
        column = "message_key BYTES, original BYTES, headers MAP<STRING, BYTES> METADATA"
        return Table(name, column, {**self._sink(topic, name), **RAW})
