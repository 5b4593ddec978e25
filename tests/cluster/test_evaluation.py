"""An installation without operators, from `helm install` to `helm uninstall`, in this order: each test goes on from the
one before. What is in the end in Postgres was computed by the pods of a real Kubernetes, and is held against pandas.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from contracts.schema import RECORDS
from jobs.settings import JobSettings
from producer.nyc_2013 import SOURCE
from scripts.cluster.__main__ import main as cluster_command
from tests.cluster.conftest import IS_OURS
from tests.cluster.installation import INSTALL_S, RELEASE, Installation
from tests.cluster.kube import get, helm, kubectl, refused, until
from tests.integration.job.compare import Comparison, compare
from tests.integration.job.expected import compute
from tests.ledger.checker import check
from tests.ledger.sources import entry as entry_of

pytestmark = pytest.mark.timeout(1800)

NAMESPACE = "isobar-evaluation"
VERSION = "0.1.0"
IMAGES = [f"localhost/isobar/{name}:{VERSION}" for name in ("kafka", "postgres", "producer", "jobs", "sinks")]
ARRIVAL_S = 300
"""From the end of a replay to the last row in Postgres: seconds on a quiet machine."""

STATIONS = 12
"""Of the replay that goes on while pods are killed: nine of them have never been seen before."""
RECORDS_PER_SECOND = 8
"""So that 4,028 records last eight minutes, through all of the kills on a busy machine too."""

RECORDS_SHIPPED = 1007
"""Observations in the shipped two weeks, of three stations."""
ENRICHED = RECORDS["weather_enriched"]

CLAIMS = (f"data-{RELEASE}-kafka-0", f"data-{RELEASE}-postgres-0", f"{RELEASE}-jobs-state")
TABLES = {"weather_enriched": frozenset({"ingested_at"}), "weather_window": frozenset[str]()}


@pytest.fixture(scope="module")
def installation(cluster: None) -> Iterator[Installation]:
    if IS_OURS:
        assert cluster_command(["load", *IMAGES]) == 0
    kubectl("create", "namespace", NAMESPACE)
    kubectl("label", "namespace", NAMESPACE, "pod-security.kubernetes.io/enforce=restricted")
    yield Installation(NAMESPACE)
    kubectl("delete", "namespace", NAMESPACE, "--wait=true")


def test_an_installation_becomes_ready(installation: Installation) -> None:
    installation.upgrade()

    installation.wait_running()
    assert installation.all_ready()
    assert {name.rpartition("-")[0] for name in installation.pods() if name.endswith("-0")} == {
        f"{RELEASE}-kafka",
        f"{RELEASE}-postgres",
    }


def test_rows_in_postgres_equal_the_independent_computation(installation: Installation) -> None:
    until(installation.replays_are_done, "the replay", ARRIVAL_S, NAMESPACE)
    expected = compute(installation.observations())
    # A window is said when the watermark passes its end: those that nothing came after are still open.
    watermark = expected.enriched.observed_at.max() - pd.Timedelta(seconds=JobSettings().out_of_orderness_s)
    closed = expected.windows[expected.windows.window_end <= watermark]
    wanted: dict[str, Any] = {"weather_enriched": expected.enriched, "weather_window": closed}
    results: dict[str, Comparison] = {}

    def all_equal() -> bool:
        for table, ignored in TABLES.items():
            rows = [row for row in installation.table(table) if row["source"] == SOURCE]
            results[table] = compare(rows, wanted[table], [*RECORDS[table].identity], ignored)
        return all(result.is_equal for result in results.values())

    try:
        until(all_equal, "rows equal to those computed", ARRIVAL_S, NAMESPACE)
    except AssertionError:
        pytest.fail("\n".join(f"{table}: {result}" for table, result in results.items()))
    assert [results[table].compared for table in TABLES] == [len(wanted[table]) for table in TABLES]
    assert len(expected.enriched) > 1000
    assert len(closed) > 2000


def test_helm_test_follows_a_record(installation: Installation) -> None:
    said = helm("test", RELEASE, "--namespace", NAMESPACE, f"--timeout={INSTALL_S}s")

    assert "Phase:          Succeeded" in said


def test_killing_each_pod_loses_and_repeats_nothing(installation: Installation, tmp_path: Path) -> None:
    (before,) = installation.replay_jobs()
    replay = (f"producer.replay.stations={STATIONS}", f"producer.replay.rate={RECORDS_PER_SECOND}")
    installation.upgrade(*replay, "producer.replay.speed=null")
    (replaying,) = installation.replay_jobs()
    assert replaying["metadata"]["name"] != before["metadata"]["name"]

    for pod in sorted(installation.pods()):
        assert not installation.replays_are_done(), f"the replay ended before {pod} was killed: nothing would be shown"
        installation.kill(pod)
        until(installation.all_ready, f"all pods ready after {pod} was killed", INSTALL_S, NAMESPACE)
        installation.wait_running()

    until(installation.replays_are_done, "the replay", 2 * INSTALL_S, NAMESPACE)
    produced = installation.produced(RECORDS["weather_observation"], STATIONS, tmp_path)
    assert len(produced) == STATIONS // 3 * RECORDS_SHIPPED
    refused_names = {entry.name for entry in installation.dead_letters()}
    # The storm that never was is in every copy of its airport.
    assert len(refused_names) == STATIONS // 3
    wanted = [entry for entry in produced if entry.name not in refused_names]

    def rows() -> list[dict[str, Any]]:
        return [row for row in installation.table("weather_enriched") if row["source"] == SOURCE]

    until(lambda: len(rows()) >= len(wanted), "every row", ARRIVAL_S, NAMESPACE)
    arrived = [entry for entry in installation.topic(ENRICHED, "weather.enriched") if entry.name[0] == SOURCE]
    assert check(wanted, arrived) == []
    in_postgres = [entry_of(ENRICHED, row, "weather_enriched") for row in rows()]
    assert check(wanted, in_postgres, ordered=False) == []
    assert check([e for e in produced if e.name in refused_names], installation.dead_letters(), ordered=False) == []


def test_an_upgrade_changes_parallelism_and_keeps_state(installation: Installation) -> None:
    before = installation.topic(ENRICHED, "weather.enriched")

    # Another pace is another Job: it says the same observations again.
    again = ("producer.replay.rate=100", "producer.replay.speed=null")
    installation.upgrade("flink.settings.parallelism=2", *again)

    installation.wait_running()
    job = installation.job()["jid"]
    assert {vertex["parallelism"] for vertex in installation.flink(f"/jobs/{job}")["vertices"]} >= {2}
    assert installation.flink(f"/jobs/{job}/checkpoints")["latest"]["restored"] is not None
    until(installation.replays_are_done, "the same observations once more", INSTALL_S, NAMESPACE)
    # What the job had remembered before, it still knows: nothing of what was said again is news.
    done = installation.flink(f"/jobs/{job}/checkpoints")["counts"]["completed"]
    until(
        lambda: installation.flink(f"/jobs/{job}/checkpoints")["counts"]["completed"] >= done + 3,
        "three more checkpoints",
        ARRIVAL_S,
        NAMESPACE,
    )
    assert len(installation.topic(ENRICHED, "weather.enriched")) == len(before)


def test_a_pod_that_violates_pod_security_is_refused(installation: Installation) -> None:
    said = refused("run", "intruder", "-n", NAMESPACE, "--image=localhost/isobar-cluster/busybox:1", "--privileged")

    assert 'violates PodSecurity "restricted:latest": privileged' in said


def test_an_uninstall_leaves_the_volumes_and_one_command_removes_them(installation: Installation) -> None:
    helm("uninstall", RELEASE, "--namespace", NAMESPACE, "--wait", f"--timeout={INSTALL_S}s")

    kinds = "all,cm,secret,pvc,sa,role,rolebinding,netpol,pdb"

    def left() -> set[str]:
        items = get(kinds, "-n", NAMESPACE)["items"]
        return {f"{item['kind']}/{item['metadata']['name']}" for item in items}

    # Kubernetes itself puts these into every namespace.
    expected = {"ConfigMap/kube-root-ca.crt", "ServiceAccount/default"}
    expected |= {f"PersistentVolumeClaim/{name}" for name in CLAIMS}
    # Pods have their grace to end in.
    until(lambda: left() <= expected, f"nothing but {sorted(expected)} to be left", INSTALL_S, NAMESPACE)
    assert left() == expected
    volumes = [f"pv/{claim['spec']['volumeName']}" for claim in get("pvc", "-n", NAMESPACE)["items"]]

    kubectl("delete", "pvc", "-n", NAMESPACE, "-l", f"app.kubernetes.io/instance={RELEASE}")

    kubectl("wait", "--for=delete", "--timeout=120s", *volumes)
