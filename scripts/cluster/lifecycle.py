"""Up, down and status of the whole cluster, with a line for each stage and its time."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from typing import TypeVar

from scripts.cluster import addons, binaries, certificates, control_plane, layout, node, packages
from scripts.cluster import namespace as namespaces
from scripts.cluster.api import is_ready
from scripts.cluster.processes import Cluster

Result = TypeVar("Result")

COMPONENTS = (
    "etcd",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "containerd",
    "kubelet",
    "kube-proxy",
)
EXIT_MISSING, EXIT_DOWN = 1, 3


def up() -> int:
    """Brings the cluster up, or finds that it is; a half that was left by a killed `up` is taken down first."""
    packages.ensure()
    for program in binaries.CORE:
        program.build()
    certificates.ensure()
    cluster = Cluster.running()
    if cluster is not None and not _is_whole(cluster):
        print("a part of the cluster has gone: starting it anew", flush=True)
        cluster.stop()
        cluster = None
    if cluster is None:
        _start()
    else:
        addons.ensure(cluster)  # a killed `up` may not have come to them
    certificates.write_kubeconfig(certificates.ADMIN, layout.KUBECONFIG)
    print(f"Kubernetes {binaries.KUBERNETES_VERSION} is up. Its kubeconfig: {layout.KUBECONFIG}")
    return 0


def down(*, wipe: bool = False) -> int:
    """Ends it; images, objects and volumes stay on disk for the next `up`, unless wiped."""
    cluster = Cluster.running()
    if cluster is None:
        namespaces.remove_cgroups()
        print("Nothing is up.")
    else:
        began = time.monotonic()
        cluster.stop()
        print(f"Stopped in {time.monotonic() - began:.1f} s.")
    layout.KUBECONFIG.unlink(missing_ok=True)
    if wipe:
        if layout.STATE_DIR.exists():
            shutil.rmtree(layout.STATE_DIR)
        print(f"Wiped {layout.STATE_DIR}.")
    return 0


def status() -> int:
    """Exit code 0 when all runs, 3 when nothing is up (as systemd's services answer), 1 when a part is missing."""
    cluster = Cluster.running()
    if cluster is None:
        print("Nothing is up: `make cluster` starts it.")
        return EXIT_DOWN
    for name in COMPONENTS:
        pids = cluster.pids(name)
        print(f"{name:<24} {'running, pid ' + str(pids[0]) if pids else 'gone'}")
    ready = is_ready()
    print(f"API server {layout.API_URL} {'is ready' if ready else 'does not answer'}")
    return 0 if ready and _is_whole(cluster) else EXIT_MISSING


def _is_whole(cluster: Cluster) -> bool:
    return all(cluster.pids(name) for name in COMPONENTS) and is_ready()


def _start() -> None:
    began = time.monotonic()
    cluster = Cluster(_stage("namespaces", namespaces.create))
    try:
        _stage("control plane", lambda: control_plane.start(cluster))
        _stage("node", lambda: node.start(cluster))
        _stage("DNS and volumes", lambda: _start_addons(cluster))
    except BaseException:
        # Half a cluster helps nobody; the logs stay.
        namespaces.destroy(cluster.holder)
        raise
    print(f"{'together':<18} {time.monotonic() - began:5.1f} s", flush=True)


def _start_addons(cluster: Cluster) -> None:
    addons.remove_pods_of_the_last_run()
    addons.ensure(cluster)


def _stage(name: str, work: Callable[[], Result]) -> Result:
    began = time.monotonic()
    result = work()
    print(f"{name:<18} {time.monotonic() - began:5.1f} s", flush=True)
    return result
