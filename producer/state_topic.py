"""Reads the poller's memory back at start, to the topic's end.

The end is the high watermark, not the last *committed* offset: pollers of several sources share the partition, and
while another one's transaction is open, what we committed behind it is not yet readable. Stopping there would
forget it and publish again; so we wait until the open transaction is over, at most its timeout.
"""

import time

from kafka import TopicPartition

from contracts.kafka import pure_consumer
from contracts.settings import KafkaSettings
from contracts.topics import Topic
from producer.errors import DeliveryError
from producer.ledger import TRANSACTION_TIMEOUT_MS
from producer.state import PollerState

PATIENCE_S = TRANSACTION_TIMEOUT_MS / 1000 + 30.0  # the broker looks for expired transactions every 10 s
POLL_MS = 500


def restore(settings: KafkaSettings, topic: Topic, source: str, patience_s: float = PATIENCE_S) -> PollerState:
    """The memory of a source as its last committed transaction left it.

    Raises:
        DeliveryError: the end could not be reached.
    """
    state = PollerState(source)
    partition = TopicPartition(topic.name, 0)
    client_id = f"isobar-poller-state-{source}"
    end = _high_watermark(settings, partition, client_id)
    consumer = pure_consumer(settings, client_id)
    try:
        consumer.assign([partition])
        consumer.seek_to_beginning(partition)
        deadline = time.monotonic() + patience_s
        while consumer.position(partition) < end:
            for records in consumer.poll(POLL_MS).values():
                state.load({record.key.decode(): record.value for record in records})
            if time.monotonic() > deadline:
                raise DeliveryError(
                    f"expected to read '{topic.name}' to offset {end} within {patience_s:.0f} s, reached"
                    f" {consumer.position(partition)}; a transaction may hang: look at the broker's log"
                )
    finally:
        consumer.close()
    return state


def _high_watermark(settings: KafkaSettings, partition: TopicPartition, client_id: str) -> int:
    consumer = pure_consumer(settings, client_id, isolation_level="read_uncommitted")
    try:
        return int(consumer.end_offsets([partition])[partition])
    finally:
        consumer.close()
