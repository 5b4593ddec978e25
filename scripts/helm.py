"""Runs helm: the one that ISOBAR_HELM names, or the one on PATH."""

import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).parent.parent

KUBE_VERSION = "1.34.4"
"""What charts are rendered for; a helm built from its module alone would say 1.20."""

MISSING = "helm is not on PATH and ISOBAR_HELM does not name one: https://helm.sh/docs/intro/install/"


class HelmError(Exception):
    """What helm said on standard error."""


def helm() -> str | None:
    """The helm to use, or None."""
    return os.environ.get("ISOBAR_HELM") or shutil.which("helm")


def run_helm(*arguments: str) -> str:
    """Standard output of a run from the checkout's root.

    Raises:
        HelmError: there is no helm, or it failed.
    """
    found = helm()
    if found is None:
        raise HelmError(MISSING)
    result = subprocess.run([found, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise HelmError(result.stderr)
    return result.stdout
