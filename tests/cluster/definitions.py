"""The operators' resource definitions: where they are on this machine, and into the cluster with them."""

import os
from pathlib import Path

import pytest

from local.paths import REPOSITORY
from tests.cluster.kube import kubectl

USUAL = REPOSITORY / "build" / "crds"
GROUPS = ("kafka.strimzi.io", "core.strimzi.io", "flink.apache.org")

HOW_TO_GET = (
    "the operators' definitions are not here: set ISOBAR_CRDS to a directory that holds them, or put there what "
    f"`helm show crds` says of the charts of Strimzi and of the Flink operator: {USUAL}"
)


def directory() -> Path:
    """Skips if there is none."""
    named = os.environ.get("ISOBAR_CRDS")
    found = Path(named) if named else USUAL
    if not found.is_dir():
        if named:
            raise FileNotFoundError(f"ISOBAR_CRDS names {found}, which is no directory")
        pytest.skip(HOW_TO_GET)
    return found


def install() -> None:
    """Server-side: several are larger than the annotation in which a client-side apply keeps what it applied."""
    kubectl("apply", "--server-side", "--force-conflicts", "--recursive", "-f", str(directory()))
    names = [name for name in kubectl("get", "crd", "-o", "name").split() if name.endswith(GROUPS)]
    assert names, f"{directory()} has no definition of {' or '.join(GROUPS)}"
    kubectl("wait", "--for=condition=Established", "--timeout=240s", *names)


def remove() -> None:
    """Without them the charts must say so again."""
    names = [name for name in kubectl("get", "crd", "-o", "name").split() if name.endswith(GROUPS)]
    kubectl("delete", "--wait=true", *names)
