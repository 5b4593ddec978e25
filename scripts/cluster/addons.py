"""What a cluster has beside its components: DNS and dynamic volumes, with a default StorageClass."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

import kubernetes

from scripts.cluster import api, images, layout
from scripts.cluster.errors import ClusterError
from scripts.cluster.processes import Cluster

_MANIFESTS = Path(__file__).with_name("addons")
_IMAGES = (images.COREDNS, images.LOCAL_PATH_PROVISIONER, images.BUSYBOX)
_DEPLOYMENTS = (("kube-system", "coredns"), ("local-path-storage", "local-path-provisioner"))
_VALUES = {"DNS_SERVICE_ADDRESS": layout.DNS_SERVICE_ADDRESS, "VOLUMES_DIR": str(layout.VOLUMES_DIR)}

# Pods of a state directory that was used before first have to be noticed as gone.
READY_TIMEOUT_S = 120.0
_POLL_INTERVAL_S = 0.5


def ensure(cluster: Cluster) -> None:
    """Returns when DNS answers and claims get volumes."""
    layout.VOLUMES_DIR.mkdir(parents=True, exist_ok=True)
    for image in _IMAGES:
        images.ensure(cluster, image)
    with tempfile.TemporaryDirectory(dir=layout.STATE_DIR) as scratch:
        for manifest in sorted(_MANIFESTS.glob("*.yaml")):
            rendered = Path(scratch) / manifest.name
            rendered.write_text(_render(manifest.read_text()))
            api.kubectl("apply", "--server-side", "--force-conflicts", "-f", str(rendered))
    _wait_available()


def remove_pods_of_the_last_run() -> None:
    """Their controllers make new ones at once; the kubelet would first wait for what it takes to be still running."""
    with api.client() as connection:
        core = kubernetes.client.CoreV1Api(connection)
        for namespace, _ in _DEPLOYMENTS:
            core.delete_collection_namespaced_pod(namespace, grace_period_seconds=0)


def _render(manifest: str) -> str:
    """With this cluster's addresses and paths; the shell variables in a manifest are not ours."""
    for name, value in _VALUES.items():
        manifest = manifest.replace(f"${{{name}}}", value)
    return manifest


def _wait_available() -> None:
    deadline = time.monotonic() + READY_TIMEOUT_S
    waiting = list(_DEPLOYMENTS)
    while waiting:
        with api.client() as connection:
            apps = kubernetes.client.AppsV1Api(connection)
            waiting = [
                (ns, name) for ns, name in waiting if not _is_available(apps.read_namespaced_deployment(name, ns))
            ]
        if waiting and time.monotonic() > deadline:
            namespace, name = waiting[0]
            raise ClusterError(
                f"Deployment {namespace}/{name} was not available within {READY_TIMEOUT_S:.0f} s. Its events:\n"
                + api.kubectl("get", "events", "--namespace", namespace)
            )
        time.sleep(_POLL_INTERVAL_S if waiting else 0)


def _is_available(deployment: Any) -> bool:
    status = deployment.status
    return bool(status.observed_generation == deployment.metadata.generation and (status.available_replicas or 0) >= 1)
