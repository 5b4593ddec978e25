"""Runs `helm template` and gives the manifests as dictionaries; one rendering per set of arguments."""

import functools
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml

from scripts.helm import KUBE_VERSION, HelmError, run_helm

ROOT = Path(__file__).parents[2]
CHARTS = ROOT / "charts"
PARTS = ("kafka", "jobs", "producer", "sinks", "postgres")
RELEASE, NAMESPACE = "iso", "weather"

PRESETS = {
    "default": (),
    "small": ("values-small.yaml",),
    "production": ("values-production.yaml",),
    "no-operators": ("values-no-operators.yaml",),
    "no-operators-small": ("values-no-operators.yaml", "values-small.yaml"),
}
"""What people install: the umbrella with these files of charts/isobar."""

OPERATOR_APIS = ("kafka.strimzi.io/v1", "flink.apache.org/v1beta1")

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml where the wheel has it: tens of thousands of lines take it a second, Python's own parser half a minute."""

Manifest = dict[str, Any]


@functools.cache
def _template(chart: str, values: str, files: tuple[str, ...], apis: tuple[str, ...]) -> str:
    command = ["template", RELEASE, f"charts/{chart}", "--namespace", NAMESPACE, "--kube-version", KUBE_VERSION]
    for api in apis:
        command += ["--api-versions", api]
    for file in files:
        command += ["--values", f"charts/isobar/{file}"]
    for name, value in json.loads(values).items():
        command += ["--set-json", f"{name}={json.dumps(value)}"]
    return run_helm(*command)


def template(
    chart: str, values: dict[str, Any] | None = None, *, files: Iterable[str] = (), apis: Iterable[str] = OPERATOR_APIS
) -> list[Manifest]:
    """The manifests of a chart; `values` maps paths (`kafka.provider`) to JSON values."""
    text = _template(chart, json.dumps(values or {}), tuple(files), tuple(apis))
    return [manifest for manifest in yaml.load_all(text, LOADER) if manifest]


def refusal(
    chart: str, values: dict[str, Any], *, files: Iterable[str] = (), apis: Iterable[str] = OPERATOR_APIS
) -> str:
    """The sentence by which a chart refuses values: of a template's, what follows its place; of a schema's, all."""
    try:
        template(chart, values, files=files, apis=apis)
    except HelmError as error:
        lines = [line for line in str(error).splitlines() if line and "found symbolic link" not in line]
        if lines[0].startswith("Error: execution error at ("):
            return lines[0].split("): ", 1)[1]
        return "\n".join(line for line in lines if line.startswith("- at "))
    raise AssertionError(f"{chart} accepted {values}")


def one(manifests: Iterable[Manifest], kind: str, name: str) -> Manifest:
    """The only manifest of this kind and name."""
    found = [m for m in manifests if m["kind"] == kind and m["metadata"]["name"] == name]
    assert len(found) == 1, f"{kind} {name}: expected one, found {len(found)}"
    return found[0]


def kinds(manifests: Iterable[Manifest], kind: str) -> list[Manifest]:
    """The manifests of a kind."""
    return [m for m in manifests if m["kind"] == kind]


def pod_specs(manifests: Iterable[Manifest]) -> Iterator[tuple[str, Manifest]]:
    """Name and pod template of everything that makes pods in Kubernetes' own APIs."""
    for manifest in manifests:
        if manifest["kind"] in {"Deployment", "StatefulSet", "Job", "DaemonSet"}:
            yield f"{manifest['kind']}/{manifest['metadata']['name']}", manifest["spec"]["template"]
        elif manifest["kind"] == "Pod":
            yield f"Pod/{manifest['metadata']['name']}", manifest
