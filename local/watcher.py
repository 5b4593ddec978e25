"""Reads along in Kafka what each stage has published: how many, how new, and what the job still owes.

A consumer that is nobody's group member: it takes no partition from the sink and commits nothing.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass
from datetime import datetime

import msgspec
from confluent_kafka import OFFSET_BEGINNING, Message, TopicPartition

from contracts.kafka import confluent_consumer
from contracts.settings import KafkaSettings
from contracts.topics import Catalogue

# How many messages one look takes: an update stays far below a tenth of a second.
_BATCH = 2_000
_POLL_S = 0.2

_Station = tuple[str, str]


class _When(msgspec.Struct):
    """The three fields that every record shares; windows have their start instead of an observation's time."""

    source: str
    station_id: str
    observed_at: datetime | None = None
    window_start: datetime | None = None


@dataclass
class TopicFigures:
    """What has been seen of one topic."""

    records: int = 0
    newest: datetime | None = None


class Watcher:
    """A thread that follows topics from their beginning."""

    def __init__(self, settings: KafkaSettings, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        observations = catalogue.observations
        watched = [observations, catalogue.enriched, catalogue.windows, catalogue.anomalies]
        names = [topic.name for topic in watched] + [observations.dead_letters or "", observations.late or ""]
        self._partitions = [
            TopicPartition(topic.name, partition, OFFSET_BEGINNING)
            for topic in catalogue.all()
            if topic.name in names
            for partition in range(topic.partitions)
        ]
        self.figures = {name: TopicFigures() for name in names}
        # Per station, what the job has not answered for yet: event time and the broker's append time, in order.
        self._owed: dict[_Station, deque[tuple[datetime, float]]] = {}
        self._answered: dict[_Station, datetime] = {}
        self._consumer = confluent_consumer(settings, "isobar-demo-watcher", "demo")
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="watcher", daemon=True)

    def start(self) -> None:
        self._consumer.assign(self._partitions)
        self._thread.start()

    def stop(self) -> None:
        self._ending.set()
        self._thread.join()
        self._consumer.close()

    def job_lag_s(self) -> float:
        """Now - append time of the oldest observation that the job has neither enriched nor refused; 0 if none."""
        oldest = [owed[0][1] for owed in list(self._owed.values()) if owed]
        return max(0.0, time.time() - min(oldest)) if oldest else 0.0

    def _follow(self) -> None:
        while not self._ending.is_set():
            for message in self._consumer.consume(_BATCH, _POLL_S):
                if message.error() is None:
                    self._count(message)

    def _count(self, message: Message) -> None:
        topic = message.topic() or ""
        figures = self.figures[topic]
        figures.records += 1
        try:
            record = msgspec.json.decode(message.value() or b"", type=_When)
        except msgspec.MsgspecError:
            # Dead letters hold what could not be read; they count and have no time.
            return
        when = record.observed_at or record.window_start
        if when is None:
            return
        if figures.newest is None or when > figures.newest:
            figures.newest = when
        station = (record.source, record.station_id)
        if topic == self._catalogue.observations.name:
            if when > self._answered.get(station, datetime.min.replace(tzinfo=when.tzinfo)):
                self._owed.setdefault(station, deque()).append((when, message.timestamp()[1] / 1000))
        elif topic in (self._catalogue.enriched.name, self._catalogue.observations.dead_letters):
            self._answered[station] = max(when, self._answered.get(station, when))
            owed = self._owed.get(station)
            while owed and owed[0][0] <= self._answered[station]:
                owed.popleft()
