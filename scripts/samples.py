"""Writes `k8s/samples/`: what the charts render for the two operators, as plain manifests; `--check` finds drift.

For whoever wants `kubectl apply` and no Helm. Made from the charts, so that what is tested there holds here: release
`isobar`, namespace `isobar`, one Kafka node. Helm's own labels and hooks are left out.
"""

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from scripts.helm import KUBE_VERSION, ROOT, HelmError, run_helm

SAMPLES = ROOT / "k8s" / "samples"
NAMESPACE = "isobar"
PRESET = "charts/isobar/values-small.yaml"

Manifest = dict[str, Any]

HEADER = """\
# {title}
# Generated from the charts by `make samples`; edit those instead. {how}
"""

FILES = {
    "kafka.yaml": (
        "A Kafka of one node under Strimzi, with every topic, user and right of Isobar.",
        "kubectl apply -n isobar -f kafka.yaml",
        "kafka",
    ),
    "flinkdeployment.yaml": (
        "The weather job under the Flink Kubernetes Operator; it needs kafka.yaml and the image of jobs.",
        "kubectl apply -n isobar -f flinkdeployment.yaml",
        "jobs",
    ),
}
"""Title, how to apply it, and the part whose resources it holds."""

HELMS = frozenset({"helm.sh/chart", "app.kubernetes.io/managed-by", "helm.sh/resource-policy"})


def _plain(node: Any) -> Any:
    """Without what only Helm reads."""
    if isinstance(node, dict):
        kept = {name: _plain(value) for name, value in node.items() if name not in HELMS}
        return {name: value for name, value in kept.items() if name not in {"annotations", "labels"} or value}
    return [_plain(item) for item in node] if isinstance(node, list) else node


def _rendered() -> list[Manifest]:
    values = {"apiChecks": "false", **{f"{part}networkPolicy.enabled": "false" for part in ("", "kafka.", "flink.")}}
    options = [option for name, value in values.items() for option in ("--set", f"{name}={value}")]
    place = ("--namespace", NAMESPACE, "--kube-version", KUBE_VERSION)
    text = run_helm("template", "isobar", "charts/isobar", *place, "--values", PRESET, *options)
    return [manifest for manifest in yaml.safe_load_all(text) if manifest]


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as a person would."""


_Dumper.add_representer(
    str,
    lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None),
)


def _file(title: str, how: str, manifests: Iterable[Manifest]) -> str:
    documents = [yaml.dump(_plain(m), Dumper=_Dumper, sort_keys=False, width=1000) for m in manifests]
    return HEADER.format(title=title, how=f"Apply it: {how}") + "---\n" + "---\n".join(documents)


def generated() -> dict[Path, str]:
    """Path and text of every sample."""
    rendered = _rendered()
    return {
        SAMPLES / name: _file(
            title, how, (m for m in rendered if m["metadata"]["labels"]["app.kubernetes.io/name"] == part)
        )
        for name, (title, how, part) in FILES.items()
    }


def main(arguments: list[str] | None = None) -> int:
    """0 when all is up to date (after writing, always)."""
    parser = argparse.ArgumentParser(prog="python -m scripts.samples", description=__doc__)
    parser.add_argument("--check", action="store_true", help="only compare")
    check = parser.parse_args(arguments).check
    try:
        wanted = generated()
    except HelmError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    stale = [path for path, text in wanted.items() if not path.exists() or path.read_text("utf-8") != text]
    for path in stale:
        if check:
            print(f"{path.relative_to(ROOT)} is not what the charts render: run `make samples`", file=sys.stderr)
        else:
            path.write_text(wanted[path], "utf-8")
            print(f"wrote {path.relative_to(ROOT)}")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
