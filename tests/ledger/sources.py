"""Reads entries from where records are: a ledger file, a topic, a table. The contract says what names a record."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
import psycopg
from confluent_kafka import OFFSET_BEGINNING, KafkaError, KafkaException, TopicPartition

from contracts import types, wire
from contracts.kafka import confluent_consumer
from contracts.schema import Record
from contracts.settings import KafkaSettings
from tests.ledger.checker import Entry

KEY_FIELD = "station_id"
"""Within what order holds: the messages of a station share a partition, in every topic keyed by it."""

METADATA_S, POLL_S = 10.0, 1.0


def entry(record: Record, values: Mapping[str, Any], where: str) -> Entry:
    """An entry from a record's values by field name."""
    name = tuple(_text(values[field]) for field in record.identity)
    return Entry(_text(values.get(KEY_FIELD, "")), name, int(values.get("revision") or 0), where)


def from_struct(record: Record, struct: msgspec.Struct, where: str) -> Entry:
    """An entry from a record in memory."""
    return entry(record, msgspec.structs.asdict(struct), where)


def from_jsonl(record: Record, path: Path) -> list[Entry]:
    """A ledger: one record in its JSON form per line, in order of production."""
    struct_type = getattr(types, record.type_name)
    return [
        from_struct(record, wire.decode(struct_type, line), f"{path.name} line {number}")
        for number, line in enumerate(path.read_bytes().splitlines(), 1)
    ]


def from_topic(record: Record, topic: str, settings: KafkaSettings) -> list[Entry]:
    """Every committed record of a topic, from its beginning to its present end; tombstones are no records.

    Raises:
        KafkaException: the topic does not exist, or cannot be read.
    """
    struct_type = getattr(types, record.type_name)
    return [
        from_struct(record, wire.decode(struct_type, value), f"{topic}[{partition}] offset {offset}")
        for partition, offset, value in _messages(topic, settings)
        if value is not None
    ]


def _messages(topic: str, settings: KafkaSettings) -> Iterator[tuple[int, int, bytes | None]]:
    consumer = confluent_consumer(settings, f"ledger-{uuid4()}", "ledger", **{"enable.partition.eof": True})
    try:
        metadata = consumer.list_topics(topic, METADATA_S).topics[topic]
        if metadata.error is not None:
            raise KafkaException(metadata.error)
        open_partitions = set(metadata.partitions)
        consumer.assign([TopicPartition(topic, partition, OFFSET_BEGINNING) for partition in open_partitions])
        while open_partitions:
            for message in consumer.consume(10_000, POLL_S):
                error, partition = message.error(), message.partition()
                if error is None:
                    yield partition or 0, message.offset() or 0, message.value()
                elif error.code() == KafkaError._PARTITION_EOF:
                    open_partitions.discard(partition or 0)
                else:
                    raise KafkaException(error)
    finally:
        consumer.close()


def from_postgres(record: Record, table: str, dsn: str, order_by: str | None = None) -> list[Entry]:
    """Every row of a table; in order of arrival if `order_by` names a column that tells it (a journal's sequence)."""
    revision = "revision" if "revision" in record.names else "0 AS revision"
    columns = [*dict.fromkeys([*record.identity, KEY_FIELD])]
    query = f"SELECT {', '.join(columns)}, {revision} FROM {table}" + (f" ORDER BY {order_by}" if order_by else "")
    with psycopg.connect(dsn, autocommit=True) as connection:
        cursor = connection.execute(query.encode())
        names = [column.name for column in cursor.description or []]
        return [
            entry(record, dict(zip(names, row, strict=True)), f"{table} row {number}")
            for number, row in enumerate(cursor, 1)
        ]


def to_jsonl(records: Iterable[msgspec.Struct], path: Path) -> None:
    """Writes a ledger."""
    path.write_bytes(b"".join(wire.encode(record) + b"\n" for record in records))


def _text(value: Any) -> str:
    """One spelling per value, whatever time zone a database answered in."""
    if isinstance(value, datetime):
        return wire.utc(value)
    return str(value)
