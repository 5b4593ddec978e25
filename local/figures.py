"""One look at the running pipeline: every figure that the demo shows, and where it is taken from."""

from __future__ import annotations

import http.client
import time
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime

from prometheus_client.parser import text_string_to_metric_families

from contracts.settings import TopicSettings
from local.database import Anomaly, Database, StationHour
from local.pipeline import Pipeline
from local.ports import HOST
from local.watcher import Watcher

# Long enough to be steady over the job's commits, once a second, and short enough to follow.
RATE_OVER_S = 4.0
ANOMALIES_SHOWN = 8
_METRICS_TIMEOUT_S = 2.0

SENT, ENRICHED, WINDOWS, STORED = "replay → observations", "job → enriched", "job → windows", "sink → Postgres"


@dataclass(frozen=True)
class Stage:
    """A stage of a record's way. Lag: of the oldest record it has not dealt with; freshness: of the newest it has."""

    name: str
    records: int
    per_second: float
    lag_s: float | None
    freshness_s: float | None


@dataclass(frozen=True)
class Figures:
    """All of one moment."""

    at_s: float
    stages: list[Stage]
    rows: dict[str, int]
    stations: list[StationHour]
    anomalies: list[Anomaly]
    anomalies_found: int
    dead_letters: int
    late: int
    checkpoints: int
    job_state: str
    job_restarts: int

    @property
    def rows_total(self) -> int:
        return sum(self.rows.values())

    def stage(self, name: str) -> Stage:
        return next(stage for stage in self.stages if stage.name == name)


@dataclass
class _Rates:
    """Records per second over the last few seconds."""

    seen: deque[tuple[float, dict[str, int]]] = field(default_factory=deque)

    def of(self, now_s: float, counts: dict[str, int]) -> dict[str, float]:
        self.seen.append((now_s, counts))
        while len(self.seen) > 2 and now_s - self.seen[1][0] >= RATE_OVER_S:
            self.seen.popleft()
        then_s, before = self.seen[0]
        elapsed_s = now_s - then_s
        return {name: (count - before[name]) / elapsed_s if elapsed_s else 0.0 for name, count in counts.items()}


class Observer:
    """Takes Figures from Kafka, Flink, the sink's /metrics and Postgres."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._catalogue = TopicSettings.load().catalogue()
        self._watcher = Watcher(pipeline.stack.broker.client_settings, self._catalogue)
        self._database = Database(pipeline.stack.postgres)
        self._rates = _Rates()
        self._began_s = time.monotonic()

    def start(self) -> None:
        self._watcher.start()

    def close(self) -> None:
        self._watcher.stop()
        self._database.close()

    def look(self) -> Figures:
        """A fraction of a second's work: called once a second."""
        now_s = time.monotonic()
        topics = self._watcher.figures
        names = self._catalogue
        rows = self._database.rows()
        sink_lag_s, sink_freshness_s = self._sink_times()
        counts = {
            SENT: topics[names.observations.name].records,
            ENRICHED: topics[names.enriched.name].records,
            WINDOWS: topics[names.windows.name].records,
            STORED: sum(rows.values()),
        }
        rates = self._rates.of(now_s, counts)
        lags = {SENT: None, ENRICHED: self._watcher.job_lag_s(), WINDOWS: None, STORED: sink_lag_s}
        ages = {
            SENT: _age_s(topics[names.observations.name].newest),
            ENRICHED: _age_s(topics[names.enriched.name].newest),
            WINDOWS: _age_s(topics[names.windows.name].newest),
            STORED: sink_freshness_s,
        }
        checkpoints, state, restarts = self._job()
        return Figures(
            at_s=now_s - self._began_s,
            stages=[Stage(name, counts[name], rates[name], lags[name], ages[name]) for name in counts],
            rows=rows,
            stations=self._database.stations(),
            anomalies=self._database.anomalies(ANOMALIES_SHOWN),
            anomalies_found=topics[names.anomalies.name].records,
            dead_letters=topics[names.observations.dead_letters or ""].records,
            late=topics[names.observations.late or ""].records,
            checkpoints=checkpoints,
            job_state=state,
            job_restarts=restarts,
        )

    def _sink_times(self) -> tuple[float | None, float | None]:
        """The sink's own isobar_lag_seconds (its worst partition) and isobar_freshness_seconds (its newest record)."""
        text = _scrape(self._pipeline.stack.ports.sink_metrics)
        lags, ages = [], []
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                if sample.name == "isobar_lag_seconds":
                    lags.append(sample.value)
                elif sample.name == "isobar_freshness_seconds":
                    ages.append(sample.value)
        return max(lags, default=None), min(ages, default=None)

    def _job(self) -> tuple[int, str, int]:
        rest, job_id = self._pipeline.stack.flink.rest, self._pipeline.job_id
        if job_id is None:
            return 0, "NOT SUBMITTED", 0
        counts = rest.get(f"/jobs/{job_id}/checkpoints")["counts"]
        restarts = rest.get(f"/jobs/{job_id}/exceptions")["exceptionHistory"]["entries"]
        return int(counts["completed"]), rest.job_state(job_id), len(restarts)


def _scrape(port: int) -> str:
    """The text of a /metrics page; empty while its process starts or ends."""
    connection = http.client.HTTPConnection(HOST, port, timeout=_METRICS_TIMEOUT_S)
    try:
        connection.request("GET", "/metrics")
        return connection.getresponse().read().decode()
    except OSError:
        return ""
    finally:
        connection.close()


def _age_s(newest: datetime | None) -> float | None:
    return None if newest is None else (datetime.now(UTC) - newest).total_seconds()
