"""One cluster for the folder, and a namespace under Pod Security `restricted` for who wants one."""

import os
from collections.abc import Iterator
from uuid import uuid4

import pytest

from scripts.cluster import lifecycle
from tests.cluster.kube import kubectl

IS_OURS = "KUBECONFIG" not in os.environ
"""Whether the cluster under test is the one that scripts/cluster makes here."""


@pytest.fixture(scope="module")
def cluster() -> None:
    """It is up. By module, because one module takes it down."""
    if IS_OURS:
        if os.geteuid() != 0:
            pytest.skip("a cluster of our own needs root: run `sudo make cluster-test`, or name one by KUBECONFIG")
        assert lifecycle.up() == 0


@pytest.fixture
def namespace(cluster: None) -> Iterator[str]:
    """Deleted at the end with all that is in it."""
    name = f"test-{uuid4().hex[:8]}"
    kubectl("create", "namespace", name)
    kubectl("label", "namespace", name, "pod-security.kubernetes.io/enforce=restricted")
    yield name
    kubectl("delete", "namespace", name, "--wait=true")
