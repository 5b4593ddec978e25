"""What Flink remembers in Kubernetes beside its checkpoints, and how to make it forget.

With Kubernetes high availability a job manager finds two things in ConfigMaps: pointers to checkpoints, and the plan of
the job as it was submitted. It prefers that old plan to the one that its own start has just made, so a new parallelism
would never arrive. `forget-plan` (before a job manager starts) removes a plan that was made by other settings, and
leaves the pointers: the job is planned with its present settings and goes on from its newest checkpoint, which is what
the Flink operator calls last-state. After a mere crash the settings are the same and the plan stays: task managers that
survived hold the libraries that it came with, and refuse the job with any others. `forget-all` (after an uninstall)
removes the ConfigMaps, which nothing owns.
Only where this project runs Flink without the operator. Few requests, so the API is spoken without a client library.
"""

import argparse
import json
import os
import ssl
import sys
import time
from collections.abc import Callable, Mapping
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path
from typing import Any
from urllib.parse import quote

PLAN_PREFIX = "executionPlan-"
"""Flink's KubernetesConfigOptions write a submitted plan under this key and the job's id."""

FLINK_LABELS = {"type": "flink-native-kubernetes"}
"""What Flink 2.2 puts on the ConfigMaps of its high availability, beside the cluster's id (seen on a cluster)."""

SETTINGS_KEY = "settings"
"""Of the ConfigMap `<cluster id>-planned-by`: what the remembered plan was made with."""

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
REQUEST_TIMEOUT_S = 10.0
NOT_FOUND = 404
PODS_GONE_TIMEOUT_S = 120.0
"""Longer than a job manager's termination grace: one that still runs would write its ConfigMaps again."""


class ApiError(Exception):
    """The API server refused or did not answer; the text says what was asked."""


class Api:
    """The few requests needed, as the pod's own service account."""

    def __init__(self, connect: Callable[[], HTTPConnection], namespace: str, token: str) -> None:
        self._connect, self._token = connect, token
        self._base = f"/api/v1/namespaces/{quote(namespace)}"

    @classmethod
    def in_cluster(cls, account: Path = SERVICE_ACCOUNT) -> "Api":
        """From what every pod with a mounted token has."""
        host, port = os.environ["KUBERNETES_SERVICE_HOST"], int(os.environ["KUBERNETES_SERVICE_PORT"])
        context = ssl.create_default_context(cafile=str(account / "ca.crt"))
        return cls(
            lambda: HTTPSConnection(host, port, timeout=REQUEST_TIMEOUT_S, context=context),
            (account / "namespace").read_text("utf-8").strip(),
            (account / "token").read_text("utf-8").strip(),
        )

    def request(self, method: str, path: str, body: object = None) -> dict[str, Any] | None:
        """The answer as JSON, or None if there is no such thing.

        Raises:
            ApiError: another status than success or not found, or no answer.
        """
        patch = "application/json-patch+json"
        headers = {
            "Authorization": f"Bearer {self._token}",
            "Content-Type": patch if method == "PATCH" else "application/json",
        }
        connection = self._connect()
        try:
            connection.request(method, self._base + path, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            text = answer.read().decode("utf-8", "replace")
        except OSError as error:
            raise ApiError(f"{method} {path}: no answer from the API server ({error})") from None
        finally:
            connection.close()
        if answer.status == NOT_FOUND:
            return None
        if not 200 <= answer.status < 300:
            raise ApiError(f"{method} {path}: expected success, found {answer.status} {answer.reason}: {text[:500]}")
        return dict(json.loads(text))

    def names(self, kind: str, labels: Mapping[str, str]) -> list[str]:
        """Names of the ConfigMaps or pods with these labels."""
        selector = quote(",".join(f"{name}={value}" for name, value in labels.items()))
        found = self.request("GET", f"/{kind}?labelSelector={selector}") or {"items": []}
        return [item["metadata"]["name"] for item in found["items"]]


def forget_plan(api: Api, cluster_id: str, settings: str) -> list[str]:
    """Removes remembered plans unless these settings made them; returns their keys."""
    marker = f"/configmaps/{cluster_id}-planned-by"
    planned_by = api.request("GET", marker)
    if planned_by and planned_by["data"][SETTINGS_KEY] == settings:
        return []
    path = f"/configmaps/{cluster_id}-cluster-config-map"
    found = api.request("GET", path)
    keys = [key for key in (found or {}).get("data") or {} if key.startswith(PLAN_PREFIX)]
    if keys:
        api.request("PATCH", path, [{"op": "remove", "path": f"/data/{_pointer(key)}"} for key in keys])
    # Last: whoever is cut off before this forgets once more.
    if planned_by:
        api.request("PATCH", marker, [{"op": "replace", "path": f"/data/{SETTINGS_KEY}", "value": settings}])
    else:
        labels = {"app": cluster_id, **FLINK_LABELS}
        metadata = {"name": f"{cluster_id}-planned-by", "labels": labels}
        api.request("POST", "/configmaps", {"metadata": metadata, "data": {SETTINGS_KEY: settings}})
    return keys


def _pointer(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


def forget_all(
    api: Api,
    cluster_id: str,
    pods: Mapping[str, str],
    wait: Callable[[float], None] = time.sleep,
    timeout_s: float = PODS_GONE_TIMEOUT_S,
) -> list[str]:
    """Waits until no pod with these labels is left, then removes the cluster's ConfigMaps; returns their names.

    Raises:
        ApiError: pods stayed.
    """
    waited_s = 0.0
    while left := api.names("pods", pods):
        if waited_s >= timeout_s:
            raise ApiError(f"expected no pod of {cluster_id} after {timeout_s:.0f} s, found {', '.join(sorted(left))}")
        wait(1.0)
        waited_s += 1.0
    names = api.names("configmaps", {"app": cluster_id, **FLINK_LABELS})
    for name in names:
        api.request("DELETE", f"/configmaps/{name}")
    return names


def _labels(text: str) -> dict[str, str]:
    return dict(part.split("=", 1) for part in text.split(","))


_labels.__name__ = "list of labels (a=b,c=d)"


def main(arguments: list[str] | None = None, api: Api | None = None) -> int:
    """0, or 1 with a sentence on standard error."""
    parser = argparse.ArgumentParser(prog="python -m jobs.high_availability", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("forget-plan", "forget-all"):
        command = commands.add_parser(name)
        command.add_argument("--cluster-id", required=True, help="Flink's kubernetes.cluster-id")
        if name == "forget-plan":
            command.add_argument("--settings", required=True, help="a checksum of all that the plan depends on")
        else:
            command.add_argument("--pods", type=_labels, required=True, help="labels of the job manager's pods")
    options = parser.parse_args(arguments)
    try:
        api = api or Api.in_cluster()
        if options.command == "forget-plan":
            forgotten = forget_plan(api, options.cluster_id, options.settings)
        else:
            forgotten = forget_all(api, options.cluster_id, options.pods)
    except ApiError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"{options.command}: {', '.join(forgotten) or 'nothing to forget'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
