"""Sends what cannot be written to its topic's dead letters and waits until the broker has them.

It happens before the transaction that moves the offset past the record: a crash in between repeats the dead letter,
never loses it. (A Kafka producer and a database cannot commit as one; of the two orders this is the one that is safe.)
"""

from collections.abc import Iterable, Mapping

from confluent_kafka import KafkaError, Message, Producer

from contracts import dead_letter
from contracts.kafka import confluent_producer
from contracts.settings import KafkaSettings
from sinks.batch import Refusal, offset_of
from sinks.routes import Route
from sinks.target import TargetUnavailableError

FLUSH_S = 15.0
"""How long to wait for acknowledgements before the batch is tried again; the runner keeps its place in the group
meanwhile only by its heartbeat, so this stays far below max.poll.interval.ms (300 s)."""


class DeadLetters:
    """One producer, made with the first refusal: most sinks never need it."""

    def __init__(self, settings: KafkaSettings, component: str, routes: Mapping[str, Route]) -> None:
        self._settings, self._component = settings, component
        self._topics = {name: route.dead_letters for name, route in routes.items()}
        self._producer: Producer | None = None

    def send(self, refusals: Iterable[Refusal]) -> None:
        """Returns when every one is acknowledged.

        Raises:
            TargetUnavailableError: not all were; those that were will be repeated by the next attempt.
        """
        failures: list[str] = []

        def delivered(error: KafkaError | None, _: Message) -> None:
            if error is not None:
                failures.append(error.str())

        if self._producer is None:
            self._producer = confluent_producer(
                self._settings, self._component, message_timeout_ms=int(FLUSH_S * 1000), linger_ms=0
            )
        for refusal in refusals:
            topic = self._topics[refusal.message.topic() or ""]
            self._producer.produce(
                topic,
                value=refusal.message.value(),
                key=refusal.message.key(),
                headers=self._headers(refusal),
                on_delivery=delivered,
            )
        unsent = self._producer.flush(FLUSH_S)
        if unsent:
            self._producer.purge()
            self._producer.flush(FLUSH_S)
        if failures:
            raise TargetUnavailableError(f"{len(failures)} dead letters were not acknowledged: {failures[0]}")

    def _headers(self, refusal: Refusal) -> list[tuple[str, str | bytes | None]]:
        """The record's own headers (a trace goes on) and ours; a redriven record that fails again counts on."""
        message = refusal.message
        found = message.headers() or []
        own = list(found.items() if isinstance(found, dict) else found)
        before = dict(own).get(dead_letter.ATTEMPT)
        attempt = int(before) + 1 if isinstance(before, bytes) and before.isdigit() else 1
        ours = dead_letter.headers(
            refusal.reason,
            self._component,
            message.topic() or "",
            message.partition() or 0,
            offset_of(message),
            attempt,
        )
        return [*((name, value) for name, value in own if name not in dead_letter.HEADERS), *ours]
