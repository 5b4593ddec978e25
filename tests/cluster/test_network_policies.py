"""Who may talk to whom: every pair of pods on every port, by the policies in the cluster, against the design's flows.

cyclonus answers what the policies say. Whether a network enforces them is its own affair: this cluster's does not, and
no enforcer can be built from what is at hand here, so that these tests do not show enforcement.
"""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cluster.cyclonus import Flow, Pod, Port, truth_table
from tests.cluster.installation import PRESETS, RELEASE, UMBRELLA
from tests.cluster.kube import helm, kubectl

pytestmark = pytest.mark.timeout(600)

VALUES = (
    "producer.weather.openweather.enabled=true",
    "producer.weather.openweather.existingSecret=key",
    "producer.weather.openweather.places={london=51.51\\,-0.13}",
)
COMPONENT = "app.kubernetes.io/component"

KAFKA, POSTGRES, DNS, DNS_UDP, HTTPS, API = "9092/TCP", "5432/TCP", "53/TCP", "53/UDP", "443/TCP", "6443/TCP"
JOBS = ("jobs/jobmanager", "jobs/taskmanager")
FLINK = ("6121/TCP", "6122/TCP", "6123/TCP", "6124/TCP", "8081/TCP")
OUTSIDE = ("stranger", "elsewhere", "monitoring", "dns", "api-server", "internet")
PORTS = [
    *(Port(number) for number in (53, 80, 443, 5432, 6121, 6122, 6123, 6124, 6443, 8081, 9092, 9093, 9094)),
    *(Port(number) for number in (9101, 9102, 9249)),
    Port(53, "UDP"),
]

FLOWS: set[Flow] = {
    # The data's way.
    ("producer/replay", "kafka", KAFKA),
    ("producer/weather-openweather", "kafka", KAFKA),
    ("jobs/jobmanager", "kafka", KAFKA),
    ("jobs/taskmanager", "kafka", KAFKA),
    ("sinks", "kafka", KAFKA),
    ("sinks", "postgres", POSTGRES),
    # `helm test` is producer and reader in one.
    ("isobar/test", "kafka", KAFKA),
    ("isobar/test", "postgres", POSTGRES),
    # Flink among itself.
    *((source, target, port) for source in JOBS for target in JOBS if source != target for port in FLINK),
    # Prometheus.
    ("monitoring", "producer/replay", "9101/TCP"),
    ("monitoring", "producer/weather-openweather", "9101/TCP"),
    ("monitoring", "sinks", "9102/TCP"),
    *(("monitoring", job, "9249/TCP") for job in JOBS),
    # Providers are on the internet.
    ("producer/weather-openweather", "internet", HTTPS),
    # The API server is no pod that a policy could select: who needs it may go to its ports wherever they are.
    *((source, target, port) for source in JOBS for target in OUTSIDE for port in (HTTPS, API)),
    # Names, for all but the database, which asks nobody for anything.
    *(
        (source, "dns", port)
        for source in (
            "kafka",
            "producer/replay",
            "producer/weather-openweather",
            *JOBS,
            "sinks",
            "isobar/test",
        )
        for port in (DNS, DNS_UDP)
    ),
    # What is not Isobar's is none of its policies' business.
    *((source, target, str(port)) for source in OUTSIDE for target in OUTSIDE if source != target for port in PORTS),
}


def rendered(namespace: str) -> list[dict[str, Any]]:
    """The evaluation's objects, with one poller of a provider beside the replay.

    Without what runs after the release has been deleted: the policies are gone then.
    """
    files = [argument for preset in PRESETS for argument in ("-f", str(UMBRELLA / preset))]
    sets = [argument for value in VALUES for argument in ("--set", value)]
    text = helm("template", RELEASE, str(UMBRELLA), "--namespace", namespace, *files, *sets)
    documents = [document for document in yaml.safe_load_all(text) if document]
    return [d for d in documents if d["metadata"].get("annotations", {}).get("helm.sh/hook") != "post-delete"]


def pods_of(documents: list[dict[str, Any]], namespace: str) -> list[Pod]:
    """One for each kind of pod that the objects bring, by deployable and component."""
    templates = [d["spec"]["template"] for d in documents if d["kind"] in ("Deployment", "StatefulSet", "Job")]
    templates += [document for document in documents if document["kind"] == "Pod"]
    pods = []
    for number, template in enumerate(templates):
        labels = template["metadata"]["labels"]
        name = "/".join([labels["app.kubernetes.io/name"], *([labels[COMPONENT]] if COMPONENT in labels else [])])
        # cyclonus takes NotIn to fail where the label is absent; Kubernetes takes it to hold. No policy asks for it to
        # exist or be absent (a test says so), so a value that none names makes the two agree.
        pods.append(Pod(name, namespace, {COMPONENT: "none", **labels}, f"10.244.0.{number + 10}"))
    return pods


@pytest.fixture
def table(namespace: str, tmp_path: Path) -> dict[Flow, bool]:
    documents = rendered(namespace)
    policies = [document for document in documents if document["kind"] == "NetworkPolicy"]
    operators = {
        expression["operator"]
        for policy in policies
        for expression in _expressions(policy["spec"])
        if expression["key"] == COMPONENT
    }
    assert operators <= {"In", "NotIn"}
    kubectl("apply", "-n", namespace, "-f", "-", stdin=yaml.safe_dump_all(policies))
    pods = [
        *pods_of(documents, namespace),
        Pod("stranger", namespace, {"app": "stranger"}, "10.244.0.200"),
        Pod("elsewhere", "default", {}, "10.244.0.201"),
        Pod("monitoring", "monitoring", {}, "10.244.0.202"),
        Pod("dns", "kube-system", {"k8s-app": "kube-dns"}, "10.244.0.203"),
        Pod("api-server", "kube-system", {}, "10.250.0.1"),  # a private address, as most have
        Pod("internet", "default", {}, "203.0.113.1"),
    ]
    names = {pod.namespace: {"kubernetes.io/metadata.name": pod.namespace} for pod in pods}
    return truth_table(pods, PORTS, names, namespace, tmp_path)


def _expressions(node: Any) -> list[dict[str, Any]]:
    """Every matchExpressions entry below."""
    if isinstance(node, list):
        return [expression for item in node for expression in _expressions(item)]
    if not isinstance(node, dict):
        return []
    own = list(node.get("matchExpressions", []))
    return own + [expression for value in node.values() for expression in _expressions(value)]


def test_exactly_the_flows_of_the_design_are_allowed(table: dict[Flow, bool]) -> None:
    allowed = {flow for flow, is_allowed in table.items() if is_allowed}

    assert len({source for source, _, _ in table}) == 8 + len(OUTSIDE)
    beyond, lacking = sorted(allowed - FLOWS), sorted(FLOWS - allowed)
    assert not beyond, f"allowed, but no flow of the design: {beyond}"
    assert not lacking, f"flows of the design that are not allowed: {lacking}"
