"""cyclonus, asked for everything at once: may this pod open a connection to that one on this port, for all of them.

It reads the policies from the cluster and decides by them; nothing here is enforced or simulated by us. Pods are given
to it as a model, because those that a policy must keep out (strangers, the internet) are not there to be read.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.cluster import binaries
from tests.cluster.kube import run

ALLOWED, DENIED = ".", "X"


@dataclass(frozen=True)
class Pod:
    """Somebody who connects, or is connected to."""

    name: str
    namespace: str
    labels: Mapping[str, str]
    address: str


@dataclass(frozen=True)
class Port:
    """Where to."""

    number: int
    protocol: str = "TCP"

    def __str__(self) -> str:
        return f"{self.number}/{self.protocol}"


Flow = tuple[str, str, str]
"""From, to, port."""


def truth_table(
    pods: Sequence[Pod],
    ports: Sequence[Port],
    namespaces: Mapping[str, Mapping[str, str]],
    policies_of: str,
    folder: Path,
) -> dict[Flow, bool]:
    """Of each pair of different pods and each port, whether the policies of a namespace of the cluster allow it."""
    containers = [
        {"Name": f"port-{n}", "Port": port.number, "Protocol": port.protocol, "PortName": f"port-{n}"}
        for n, port in enumerate(ports)
    ]
    model = {
        "Resources": {"Namespaces": namespaces, "Pods": [_as_model(pod, containers) for pod in pods]},
        "Probes": [{"Port": port.number, "Protocol": port.protocol} for port in ports],
    }
    path = folder / "model.json"
    path.write_text(json.dumps(model))
    argv = [str(binaries.CYCLONUS.build()), "analyze", "--mode=probe", f"--namespace={policies_of}"]
    said = run([*argv, f"--probe-path={path}"]).stdout
    tables = re.findall(r"^Combined:\n(.*?)\n\n", said, re.MULTILINE | re.DOTALL)
    # One for each port, then one of the pods that it finds in the cluster itself.
    assert len(tables) == len(ports) + 1, said
    return {
        flow: allowed for port, table in zip(ports, tables, strict=False) for flow, allowed in _read(table, pods, port)
    }


def _as_model(pod: Pod, containers: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "Namespace": pod.namespace,
        "Name": pod.name,
        "Labels": dict(pod.labels),
        "IP": pod.address,
        "Containers": containers,
    }


def _read(table: str, pods: Sequence[Pod], port: Port) -> Iterator[tuple[Flow, bool]]:
    """A line for each source, a column for each destination, both sorted by namespace and name."""
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines() if line.startswith("|")
    ]
    names = {f"{pod.namespace}/{pod.name}".upper(): pod.name for pod in pods}
    targets = [names[title] for title in rows[0][1:]]
    assert sorted(targets) == sorted(pod.name for pod in pods), table
    for source, *cells in rows[1:]:
        for target, cell in zip(targets, cells, strict=True):
            assert cell in (ALLOWED, DENIED), table
            if names[source.upper()] != target:
                yield (names[source.upper()], target, str(port)), cell == ALLOWED
