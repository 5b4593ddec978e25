"""The cluster itself: up twice, up after everything in it was killed, and nothing of it left when it is down."""

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.processes import started_at
from scripts.cluster import layout, lifecycle, namespace
from scripts.cluster.processes import Cluster
from tests.cluster.conftest import IS_OURS
from tests.cluster.kube import kubectl

pytestmark = [
    pytest.mark.timeout(600),
    pytest.mark.skipif(not IS_OURS, reason="KUBECONFIG names a cluster that is not ours to kill"),
    pytest.mark.skipif(os.geteuid() != 0, reason="a cluster of our own needs root: run `sudo make cluster-test`"),
]

POD = """
apiVersion: v1
kind: Pod
metadata:
  name: {name}
spec:
  securityContext: {{runAsNonRoot: true, runAsUser: 10001, seccompProfile: {{type: RuntimeDefault}}}}
  containers:
    - name: main
      image: localhost/isobar-cluster/busybox:1
      imagePullPolicy: Never
      command: [/bin/sh, -c, "{script}"]
      securityContext: {{allowPrivilegeEscalation: false, capabilities: {{drop: [ALL]}}}}
      volumeMounts: [{{name: volume, mountPath: /volume}}]
  restartPolicy: Never
  volumes: [{{name: volume, persistentVolumeClaim: {{claimName: volume}}}}]
"""
CLAIM = """
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: volume
spec:
  accessModes: [ReadWriteOnce]
  resources: {requests: {storage: 1Mi}}
"""


@pytest.fixture
def running() -> Iterator[Cluster]:
    assert lifecycle.up() == 0
    cluster = Cluster.running()
    assert cluster is not None
    yield cluster
    for name in ("writer", "reader", "asker"):
        kubectl("delete", "pod", name, "--ignore-not-found", "--force")
    kubectl("delete", "pvc", "volume", "--ignore-not-found")


def completes(name: str, script: str) -> str:
    """Runs a pod to its end; returns its log."""
    kubectl("apply", "-f", "-", stdin=POD.format(name=name, script=script))
    kubectl("wait", f"pod/{name}", "--for=jsonpath={.status.phase}=Succeeded", "--timeout=120s")
    return kubectl("logs", name).strip()


def test_it_is_up_once_however_often_it_is_started(running: Cluster) -> None:
    assert lifecycle.up() == 0

    assert Cluster.running() == running
    assert [len(running.pids(name)) for name in lifecycle.COMPONENTS] == [1] * len(lifecycle.COMPONENTS)
    assert kubectl("get", "nodes", "-o", "jsonpath={.items[*].metadata.name}") == layout.NODE_NAME


def test_pods_have_names_and_volumes_also_after_everything_was_killed(running: Cluster) -> None:
    kubectl("apply", "-f", "-", stdin=CLAIM)
    completes("writer", "echo kept > /volume/file")
    service = f"kube-dns.kube-system.svc.{layout.CLUSTER_DOMAIN}"
    assert layout.DNS_SERVICE_ADDRESS in completes("asker", f"/busybox nslookup {service}")

    for pid in namespace.members(running.holder):
        with contextlib.suppress(ProcessLookupError):  # some end when another does
            os.kill(pid, signal.SIGKILL)
    assert lifecycle.up() == 0

    after = Cluster.running()
    assert after is not None
    assert after.holder != running.holder
    assert completes("reader", "cat /volume/file") == "kept"


def test_a_part_that_died_makes_the_next_start_a_whole_one(running: Cluster) -> None:
    (scheduler,) = running.pids("kube-scheduler")
    os.kill(scheduler, signal.SIGKILL)
    assert lifecycle.status() == lifecycle.EXIT_MISSING

    assert lifecycle.up() == 0

    assert lifecycle.status() == 0


def test_nothing_is_left_when_it_is_down(running: Cluster) -> None:
    processes = {pid: started_at(pid) for pid in namespace.members(running.holder)}
    spaces = {str(Path(f"/proc/{pid}/ns/{kind}").readlink()) for pid in processes for kind in ("mnt", "net", "pid")} - {
        str(Path(f"/proc/self/ns/{kind}").readlink()) for kind in ("mnt", "net", "pid")
    }
    assert len(processes) > len(lifecycle.COMPONENTS)
    assert spaces

    assert lifecycle.down() == 0

    assert [pid for pid, start in processes.items() if started_at(pid) == start] == []
    assert spaces & set(_spaces_in_use()) == set()
    assert [
        line for line in Path("/proc/self/mountinfo").read_text().splitlines() if str(layout.STATE_DIR) in line
    ] == []
    assert layout.HOST_LINK not in [link.name for link in Path("/sys/class/net").iterdir()]
    assert [*Path("/sys/fs/cgroup").glob("*/kubepods"), *Path("/sys/fs/cgroup").glob("kubepods")] == []
    assert lifecycle.status() == lifecycle.EXIT_DOWN
    assert lifecycle.up() == 0


def _spaces_in_use() -> Iterator[str]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            for kind in ("mnt", "net", "pid"):
                try:
                    yield str((entry / "ns" / kind).readlink())
                except (FileNotFoundError, ProcessLookupError, PermissionError):
                    continue  # ended while we looked, or not ours to look at
