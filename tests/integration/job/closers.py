"""Records that close windows: one for each partition, of stations of their own, hours after those that a test looks at.

A window is said when the watermark passes its end, and the watermark is that of the slowest partition: without newer
records in each, or without waiting for the idle timeout, the last windows would stay open.
"""

from datetime import datetime

from confluent_kafka import KafkaError, Message

from contracts import wire
from contracts.types import WeatherObservation
from tests.fixtures.observations import observation
from tests.integration.job.harness import JobHarness

CLOSER = "closer"
"""Their source."""


def send_closers(harness: JobHarness, moment: datetime) -> list[WeatherObservation]:
    """At least one record to each partition, by stations whose names lead there."""
    topic = harness.catalogue.observations
    reached: set[int | None] = set()
    closers: list[WeatherObservation] = []

    def on_delivery(error: KafkaError | None, message: Message) -> None:
        assert error is None, error
        reached.add(message.partition())

    while len(reached) < topic.partitions:
        station = f"{CLOSER}-{len(closers)}"
        values = {"source": CLOSER, "station_id": station, "observed_at": moment, "ingested_at": moment}
        closers.append(observation(**values, temperature_c=1.0))
        harness.producer.produce(topic.name, wire.encode(closers[-1]), station.encode(), on_delivery=on_delivery)
        assert harness.producer.flush(30) == 0
    return closers
