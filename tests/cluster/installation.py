"""The umbrella chart installed without operators, and ways to look into it from outside: SQL, topics, Flink's REST."""

import json
import subprocess
import sys
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pandas as pd
import psycopg
from psycopg.conninfo import make_conninfo

from contracts import types, wire
from contracts.schema import RECORDS, Record
from local.paths import REPOSITORY
from producer import nyc_2013
from scripts.cluster import binaries
from scripts.cluster.__main__ import kubeconfig
from tests.cluster.kube import get, helm, kubectl, run, until
from tests.ledger import sources
from tests.ledger.checker import Entry

UMBRELLA = REPOSITORY / "charts" / "isobar"
PRESETS = ("values-no-operators.yaml", "values-small.yaml")
RELEASE = "isobar"
INSTALL_S = 300
"""Starting takes about a minute where images are present; the machine may build and test meanwhile."""

# Runs in the broker's pod, beside the broker: prints each committed record of a topic as JSON.
_DUMP = """
import base64, json, sys
from confluent_kafka import OFFSET_BEGINNING, KafkaError, TopicPartition
from contracts.kafka import confluent_consumer
from contracts.settings import KafkaSettings
consumer = confluent_consumer(KafkaSettings.load(), "test-dump", "test", **{"enable.partition.eof": True})
topic = sys.argv[1]
left = set(consumer.list_topics(topic, 10).topics[topic].partitions)
consumer.assign([TopicPartition(topic, partition, OFFSET_BEGINNING) for partition in left])
while left:
    for message in consumer.consume(10000, 1.0):
        if message.error() is None:
            if message.value() is not None:
                where = f"{topic}[{message.partition()}] offset {message.offset()}"
                print(json.dumps([where, base64.b64encode(message.value()).decode()]))
        elif message.error().code() == KafkaError._PARTITION_EOF:
            left.discard(message.partition())
        else:
            sys.exit(str(message.error()))
"""


@dataclass(frozen=True)
class Installation:
    """A release of the umbrella chart in a namespace of its own."""

    namespace: str

    def upgrade(self, *values: str, timeout_s: int = INSTALL_S) -> None:
        """Installs, or upgrades; returns when all of it is ready. `values` are `name=value`."""
        files = [argument for preset in PRESETS for argument in ("-f", str(UMBRELLA / preset))]
        sets = [argument for value in ("global.image.registry=localhost", *values) for argument in ("--set", value)]
        where = ["upgrade", "--install", RELEASE, str(UMBRELLA), "--namespace", self.namespace]
        helm(*where, *files, *sets, "--wait", f"--timeout={timeout_s}s")

    # ---- pods ----

    def pods(self) -> dict[str, dict[str, Any]]:
        """Those that run for good, by name: not those of Jobs, nor the one of `helm test`, which nothing owns."""
        found = get("pods", "-n", self.namespace, "-l", f"app.kubernetes.io/instance={RELEASE}")["items"]
        owners = {pod["metadata"]["name"]: pod["metadata"].get("ownerReferences", []) for pod in found}
        return {
            pod["metadata"]["name"]: pod
            for pod in found
            if any(owner["kind"] != "Job" for owner in owners[pod["metadata"]["name"]])
        }

    def all_ready(self) -> bool:
        """Every container of every such pod."""
        return all(
            status["ready"] and "deletionTimestamp" not in pod["metadata"]
            for pod in self.pods().values()
            for status in pod["status"].get("containerStatuses", [{"ready": False}])
        )

    def kill(self, pod: str) -> None:
        """By SIGKILL, as a node that goes away does."""
        kubectl("delete", "pod", pod, "-n", self.namespace, "--grace-period=0", "--force")

    def replay_jobs(self) -> list[dict[str, Any]]:
        """The Jobs of all replays."""
        found: list[dict[str, Any]] = get("jobs", "-n", self.namespace, "-l", "app.kubernetes.io/component=replay")[
            "items"
        ]
        return found

    def replays_are_done(self) -> bool:
        """Whether every replay has said all that it had to."""
        jobs = self.replay_jobs()
        return bool(jobs) and all(job["status"].get("succeeded") for job in jobs)

    # ---- what was sent ----

    @property
    def as_of(self) -> datetime:
        """The time to which this installation shifts its replays."""
        config = get("configmap", f"{RELEASE}-producer-replay", "-n", self.namespace)
        return datetime.fromisoformat(config["data"]["as-of"])

    def observations(self) -> bytes:
        """The CSV that is shipped, its times moved as the replay moves them: by whole hours, to end at as_of."""
        table = pd.read_csv(BytesIO(nyc_2013.cut()), dtype=str, keep_default_na=False)
        times = pd.to_datetime(table.time_hour, utc=True)
        shift = self.as_of.replace(minute=0, second=0, microsecond=0) - times.max()
        assert isinstance(shift, timedelta)
        table["time_hour"] = (times + shift).dt.strftime("%Y-%m-%dT%H:%M:%SZ")
        return str(table.to_csv(index=False)).encode()

    def produced(self, record: Record, stations: int, folder: Path) -> list[Entry]:
        """The ledger of a replay: what the same replay prints when it sends nothing."""
        arguments = ["--offline", "--dry-run", f"--stations={stations}", f"--as-of={self.as_of.isoformat()}"]
        argv = [sys.executable, "-m", "producer", "replay", *arguments]
        result = subprocess.run(argv, cwd=REPOSITORY, capture_output=True, check=True)
        ledger = folder / "produced.jsonl"
        ledger.write_bytes(result.stdout)
        return sources.from_jsonl(record, ledger)

    # ---- what arrived ----

    @contextmanager
    def database(self) -> Iterator[psycopg.Connection[Any]]:
        """A connection to Postgres, through the API server; the password is the chart's Secret's."""
        secret = get("secret", f"{RELEASE}-postgres", "-n", self.namespace)
        dsn = urlsplit(b64decode(secret["data"]["dsn"]).decode())
        with forwarded(self.namespace, f"service/{RELEASE}-postgres", 5432) as port:
            where = {"host": "127.0.0.1", "port": str(port), "dbname": dsn.path.lstrip("/")}
            who = {"user": dsn.username or "", "password": dsn.password or ""}
            with psycopg.connect(make_conninfo(**where, **who), autocommit=True) as connection:
                yield connection

    def table(self, name: str) -> list[dict[str, Any]]:
        """Every row by column name; none while the sink has not made the table."""
        with self.database() as connection:
            exists = connection.execute("SELECT to_regclass(%s)", [name]).fetchone()
            if exists is None or exists[0] is None:
                return []
            cursor = connection.execute(f"SELECT * FROM {name}".encode())
            names = [column.name for column in cursor.description or []]
            return [dict(zip(names, row, strict=True)) for row in cursor]

    def dead_letters(self) -> list[Entry]:
        """The observations that the job has refused: a dead letter is the record's original bytes."""
        return self.topic(RECORDS["weather_observation"], "weather.observations.dlq")

    def topic(self, record: Record, topic: str) -> list[Entry]:
        """Every committed record of a topic, as the ledger wants it."""
        inside = ["exec", f"{RELEASE}-kafka-0", "-c", "provision", "-n", self.namespace, "--"]
        lines = kubectl(*inside, "/opt/venv/bin/python", "-c", _DUMP, topic).splitlines()
        struct_type = getattr(types, record.type_name)
        return [
            sources.from_struct(record, wire.decode(struct_type, b64decode(value)), where)
            for where, value in map(json.loads, lines)
        ]

    # ---- Flink ----

    def flink(self, path: str) -> Any:
        """Its REST interface, through the API server."""
        return json.loads(kubectl("get", "--raw", self._raw(path)))

    def job(self) -> dict[str, Any]:
        """The one job."""
        (found,) = self.flink("/jobs/overview")["jobs"]
        return dict(found)

    def wait_running(self) -> None:
        """Until the job runs, with all of its tasks, and has completed a checkpoint since."""

        def is_running() -> bool:
            result = run(
                [str(binaries.kubectl()), "get", "--raw", self._raw("/jobs/overview")],
                check=False,
            )
            if result.returncode != 0:
                return False  # the job manager has just been started
            jobs = json.loads(result.stdout)["jobs"]
            if (
                len(jobs) != 1
                or jobs[0]["state"] != "RUNNING"
                or jobs[0]["tasks"]["running"] != jobs[0]["tasks"]["total"]
            ):
                return False
            return bool(self.flink(f"/jobs/{jobs[0]['jid']}/checkpoints")["latest"]["completed"])

        until(is_running, "the job to run and to complete a checkpoint", INSTALL_S, self.namespace)

    def _raw(self, path: str) -> str:
        return f"/api/v1/namespaces/{self.namespace}/services/{RELEASE}-jobs-rest:8081/proxy{path}"


@contextmanager
def forwarded(namespace: str, target: str, port: int) -> Iterator[int]:
    """A port of 127.0.0.1 that leads to a pod; which one, kubectl says in its first line."""
    argv = [
        str(binaries.kubectl()),
        f"--kubeconfig={kubeconfig()}",
        "port-forward",
        "-n",
        namespace,
        target,
        f":{port}",
    ]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line.startswith("Forwarding from 127.0.0.1:"), f"kubectl port-forward said: {line!r}"
            yield int(line.split(":")[1].split(" ")[0])
        finally:
            process.terminate()
