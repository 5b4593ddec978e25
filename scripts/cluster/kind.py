"""The same cluster by kind, where Docker or podman runs: same name, same kubeconfig file, same StorageClass."""

from __future__ import annotations

import shutil
import subprocess

from local.paths import REPOSITORY
from scripts.cluster import binaries, layout
from scripts.cluster.errors import ClusterError

NAME = "isobar"
CONFIG = REPOSITORY / "k8s" / "kind.yaml"
# Pulling the node's image, a gigabyte, is most of it.
READY_TIMEOUT_S = 300


def up() -> int:
    """Creates it, or finds that it exists; writes the kubeconfig either way."""
    kind = program()
    layout.KUBECONFIG.parent.mkdir(parents=True, exist_ok=True)
    if NAME in _run([kind, "get", "clusters"]).split():
        _run([kind, "export", "kubeconfig", "--name", NAME, "--kubeconfig", str(layout.KUBECONFIG)])
    else:
        config = ["--config", str(CONFIG)] if CONFIG.exists() else []
        where = ["--name", NAME, "--kubeconfig", str(layout.KUBECONFIG)]
        _run([kind, "create", "cluster", *where, *config, "--wait", f"{READY_TIMEOUT_S}s"])
    print(f"kind's cluster '{NAME}' is up. Its kubeconfig: {layout.KUBECONFIG}")
    return 0


def down() -> int:
    """Deletes it and all that is in it."""
    _run([program(), "delete", "cluster", "--name", NAME, "--kubeconfig", str(layout.KUBECONFIG)])
    layout.KUBECONFIG.unlink(missing_ok=True)
    return 0


def load(references: list[str]) -> int:
    """Copies images of the engine into its node."""
    for reference in references:
        _run([program(), "load", "docker-image", reference, "--name", NAME])
    return 0


def program() -> str:
    """An installed kind, else ours at the pinned version."""
    if shutil.which("docker") is None and shutil.which("podman") is None:
        raise ClusterError(
            "kind needs Docker or podman and neither was found: install one, or use `make cluster` (Debian 12, root)."
        )
    return shutil.which("kind") or str(binaries.KIND.build())


def _run(argv: list[str]) -> str:
    result = subprocess.run(argv, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise ClusterError(f"`{' '.join(argv)}` failed (exit code {result.returncode}): {result.stderr.strip()}")
    return result.stdout
