"""The Kubernetes client for the cluster, and kubectl for what it does better."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import kubernetes

from scripts.cluster import binaries
from scripts.cluster.certificates import ADMIN
from scripts.cluster.errors import ClusterError

_REQUEST_TIMEOUT_S = 5


def client() -> Any:
    """As the administrator. One attempt per request: who waits for something polls."""
    configuration = kubernetes.client.Configuration()
    kubernetes.config.load_kube_config(str(ADMIN.kubeconfig), client_configuration=configuration)
    configuration.retries = False
    return kubernetes.client.ApiClient(configuration)


def is_ready() -> bool:
    """Whether the API server says that it is: its caches are filled, its default roles exist."""
    ask = ["get", "--raw", "/readyz", f"--request-timeout={_REQUEST_TIMEOUT_S}s"]
    command = [str(binaries.kubectl()), f"--kubeconfig={ADMIN.kubeconfig}", *ask]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def kubectl(*arguments: str, kubeconfig: Path | None = None) -> str:
    """Its standard output; what it says on failure becomes the error."""
    command = [str(binaries.kubectl()), f"--kubeconfig={kubeconfig or ADMIN.kubeconfig}", *arguments]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise ClusterError(f"`kubectl {' '.join(arguments)}` failed: {result.stderr.strip()}")
    return result.stdout
