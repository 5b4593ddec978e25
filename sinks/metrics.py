"""Figures of a sink for Prometheus. Lag and freshness are computed at scrape time from the live partition states."""

import time
from collections.abc import Callable, Iterator, Mapping

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import REGISTRY, Collector

from sinks.partitions import Partition, PartitionState


class Metrics:
    """Counters that the runner moves."""

    def __init__(self, registry: CollectorRegistry = REGISTRY) -> None:
        self.registry = registry
        self.records = Counter(
            "isobar_sinks_records", "Records applied: their offsets are behind the target", ["topic"], registry=registry
        )
        self.bytes = Counter("isobar_sinks_bytes", "Bytes of record values read", ["topic"], registry=registry)
        self.rows = Counter(
            "isobar_sinks_rows_changed",
            "Rows inserted or updated; fewer than records where revisions meet",
            registry=registry,
        )
        self.batches = Counter("isobar_sinks_batches", "Transactions committed", registry=registry)
        self.batch_seconds = Histogram(
            "isobar_sinks_batch_seconds",
            "Duration of one transaction",
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
            registry=registry,
        )
        self.dead_letters = Counter(
            "isobar_sinks_dead_letters", "Records sent to dead letters", ["topic", "kind"], registry=registry
        )
        self.rebalances = Counter(
            "isobar_sinks_rebalances", "Partitions assigned, revoked or lost", ["kind"], registry=registry
        )
        self.fenced = Counter(
            "isobar_sinks_fenced",
            "Partitions whose write was refused because another sink had claimed them",
            registry=registry,
        )
        self.retries = Counter("isobar_sinks_retries", "Attempts that found the target unavailable", registry=registry)
        self.expired = Counter(
            "isobar_sinks_expired_offsets",
            "Offsets that retention removed before they were applied",
            ["topic"],
            registry=registry,
        )


class Times(Collector):
    """isobar_lag_seconds and isobar_freshness_seconds of the partitions that this sink has now."""

    def __init__(self, states: Mapping[Partition, PartitionState], last_turn_ms: Callable[[], int]) -> None:
        self._states, self._last_turn_ms = states, last_turn_ms

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Called by Prometheus' thread; the copy keeps a rebalance from changing the table meanwhile."""
        now_ms, states = clock_ms(), dict(self._states)
        lag = GaugeMetricFamily(
            "isobar_lag_seconds",
            "Now - broker append time of the oldest record not yet applied; 0 when caught up",
            labels=["topic", "partition"],
        )
        freshness = GaugeMetricFamily(
            "isobar_freshness_seconds", "Now - event time of the newest applied record", labels=["topic"]
        )
        freshest: dict[str, float] = {}
        for partition, state in sorted(states.items()):
            lag.add_metric([partition.topic, str(partition.partition)], state.lag_seconds(now_ms, self._last_turn_ms()))
            age = state.freshness_seconds(now_ms)
            if age is not None:
                freshest[partition.topic] = min(age, freshest.get(partition.topic, age))
        for topic, age in freshest.items():
            freshness.add_metric([topic], age)
        yield lag
        yield freshness


def clock_ms() -> int:
    """The wall clock in ms since 1970, the scale of Kafka's append times."""
    return time.time_ns() // 1_000_000
