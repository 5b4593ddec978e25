"""Filling topics, counting them, and seeing when a job has finished with one.

A finished job is seen from outside, in the last stable offsets of its output topics: they move when a transaction is
committed, cost the broker one request, and need no consumer that would take CPU from what is measured. Offsets say
when; they never say how many (transaction markers take offsets too), so a consumer counts the records afterwards.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from itertools import count

from confluent_kafka import Consumer, IsolationLevel, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from contracts.kafka import confluent_consumer, confluent_producer
from contracts.settings import KafkaSettings
from tests.bench.machine import Stopwatch

# librdkafka's queue holds 100,000 messages or 1 GiB; serving its callbacks now and then keeps it from filling.
_POLL_EVERY = 10_000
_BATCH = 10_000
_IDLE_S = 5.0
_JOIN_S = 30.0
_groups = count()


class BenchError(RuntimeError):
    """A measurement that could not be made; the text says what was expected and what was seen."""


def produce(kafka: KafkaSettings, topic: str, records: Iterable[tuple[bytes, bytes]]) -> float:
    """The plain produce loop: keys and values that are bytes already. Returns seconds until all are acknowledged."""
    producer = confluent_producer(kafka, "bench-produce")
    watch = Stopwatch()
    for index, (key, value) in enumerate(records):
        try:
            producer.produce(topic, value, key)
        except BufferError:
            producer.poll(1.0)
            producer.produce(topic, value, key)
        if index % _POLL_EVERY == 0:
            producer.poll(0)
    left = producer.flush(120)
    if left:
        raise BenchError(f"{left} records were not acknowledged by the broker within 120 s")
    return watch.seconds


def consume(kafka: KafkaSettings, topics: Sequence[str], expected: int) -> tuple[int, float]:
    """The plain consumer: how many committed records there are, and seconds from its assignment to the last of them.

    It ends when `expected` have come, or none came for a while: then the count tells the caller.
    """
    consumer = confluent_consumer(kafka, f"bench-{next(_groups)}-{time.time_ns()}", "bench-consume")
    # Joining the group is not consuming: the clock starts when there is something to fetch.
    assigned = [0.0]

    def on_assign(_: Consumer, partitions: list[TopicPartition]) -> None:
        assigned[0] = time.perf_counter()

    consumer.subscribe(list(topics), on_assign=on_assign)
    seen, last = 0, 0.0
    idle = Stopwatch()
    try:
        while seen < expected and idle.seconds < (_IDLE_S if assigned[0] else _JOIN_S):
            batch = consumer.consume(_BATCH, 0.5)
            for message in batch:
                error = message.error()
                if error is not None:
                    raise KafkaException(error)
            if batch:
                seen += len(batch)
                last = time.perf_counter()
                idle = Stopwatch()
    finally:
        consumer.close()
    return seen, last - assigned[0]


def last_stable_offsets(admin: AdminClient, topics: Sequence[str]) -> dict[str, int]:
    """Each topic's sum of last stable offsets: what a consumer that reads committed records can reach."""
    metadata = admin.list_topics(timeout=10).topics
    wanted = {TopicPartition(name, p): OffsetSpec.latest() for name in topics for p in metadata[name].partitions}
    futures = admin.list_offsets(wanted, isolation_level=IsolationLevel.READ_COMMITTED, request_timeout=10)
    sums = dict.fromkeys(topics, 0)
    for partition, future in futures.items():
        sums[partition.topic] += future.result().offset
    return sums
