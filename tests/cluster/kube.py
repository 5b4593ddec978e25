"""kubectl and helm on the cluster under test, and waiting for what it does."""

import json
import os
import subprocess
import time
from collections.abc import Callable
from typing import Any

from local.paths import REPOSITORY
from scripts.cluster import binaries
from scripts.cluster.__main__ import kubeconfig

POLL_S = 0.5
"""Each look is a process; what is waited for takes seconds."""


class CommandError(AssertionError):
    """A command failed that a test relies on; its text is what the command said."""


def run(argv: list[str], stdin: str | None = None, *, check: bool = True) -> subprocess.CompletedProcess[str]:
    """A command on the cluster."""
    environment = {**os.environ, "KUBECONFIG": kubeconfig()}
    result = subprocess.run(
        argv, input=stdin, env=environment, cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    if check and result.returncode != 0:
        raise CommandError(f"`{' '.join(argv)}` ended with {result.returncode}: {result.stderr or result.stdout}")
    return result


def kubectl(*arguments: str, stdin: str | None = None) -> str:
    """Its standard output."""
    return run([str(binaries.kubectl()), *arguments], stdin).stdout


def helm(*arguments: str) -> str:
    """Its standard output."""
    return run([str(binaries.helm()), *arguments]).stdout


def refused(*arguments: str, stdin: str | None = None) -> str:
    """What kubectl says of a request that must fail."""
    result = run([str(binaries.kubectl()), *arguments], stdin, check=False)
    assert result.returncode != 0, f"kubectl {' '.join(arguments)} was accepted: {result.stdout}"
    return result.stderr


def get(*arguments: str) -> dict[str, Any]:
    """An object, or a list of them, as `kubectl get` knows it."""
    found: dict[str, Any] = json.loads(kubectl("get", *arguments, "-o", "json"))
    return found


def until(condition: Callable[[], bool], what: str, timeout_s: float, namespace: str = "") -> None:
    """Waits; on timeout tells the namespace's pods and latest events."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {timeout_s:.0f} s.\n{report(namespace) if namespace else ''}")
        time.sleep(POLL_S)


def report(namespace: str) -> str:
    """What a person would look at first."""
    pods = kubectl("get", "pods", "-n", namespace, "-o", "wide")
    events = kubectl("get", "events", "-n", namespace, "--sort-by=.lastTimestamp").splitlines()
    return "\n".join([pods, *events[-20:]])
