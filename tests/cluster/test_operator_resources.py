"""What the charts say to the operators, judged by the real API server under the operators' real definitions.

Validation is strict and the server's: an unknown or repeated field is an error, and so is whatever the definitions'
schemas and rules refuse. Nothing is created.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from local.paths import REPOSITORY
from scripts.cluster.binaries import KUBERNETES_VERSION
from tests.cluster import definitions
from tests.cluster.kube import helm, kubectl, refused

pytestmark = pytest.mark.timeout(600)

UMBRELLA = REPOSITORY / "charts" / "isobar"
PRESETS = sorted(path.name for path in UMBRELLA.glob("values-*.yaml"))
SAMPLES = [REPOSITORY / "k8s" / "namespace.yaml", *sorted((REPOSITORY / "k8s" / "samples").glob("*.yaml"))]
STRICTLY = ("--server-side", "--dry-run=server", "--validate=strict")
NO_OPERATORS = "values-no-operators.yaml"


@pytest.fixture(scope="module", autouse=True)
def defined(cluster: None) -> Iterator[None]:
    definitions.install()
    yield
    definitions.remove()


def render(namespace: str, *presets: str) -> str:
    """Every object that an installation would bring, hooks too."""
    files = [argument for preset in presets for argument in ("-f", str(UMBRELLA / preset))]
    arguments = ["--namespace", namespace, "--kube-version", KUBERNETES_VERSION, "--set", "apiChecks=false", *files]
    return helm("template", "isobar", str(UMBRELLA), *arguments)


def parsed(text: str) -> list[dict[str, Any]]:
    """The objects of a text."""
    return [document for document in yaml.safe_load_all(text) if document]


def group(document: dict[str, Any]) -> str:
    """Of its API; empty for the core."""
    return str(document["apiVersion"]).rpartition("/")[0]


def accepted(text: str, namespace: str) -> None:
    """By the API server, strictly, as it stands: parsing it here would hide a field that is there twice."""
    said = kubectl("apply", *STRICTLY, "--namespace", namespace, "-f", "-", stdin=text)
    assert len(said.splitlines()) == len(parsed(text)) > 0, said


@pytest.mark.parametrize("presets", [[], *([preset] for preset in PRESETS)], ids=lambda names: "+".join(names) or "-")
def test_the_api_server_accepts_every_object_of_a_preset(namespace: str, presets: list[str]) -> None:
    text = render(namespace, *presets)

    found = {f"{group(each)}/{each['kind']}" for each in parsed(text) if group(each) in definitions.GROUPS}
    expected = {
        "kafka.strimzi.io/Kafka",
        "kafka.strimzi.io/KafkaNodePool",
        "kafka.strimzi.io/KafkaTopic",
        "kafka.strimzi.io/KafkaUser",
        "flink.apache.org/FlinkDeployment",
    }
    assert found == (set() if NO_OPERATORS in presets else expected)
    accepted(text, namespace)


@pytest.mark.parametrize("kind", ["Kafka", "KafkaNodePool", "KafkaTopic", "KafkaUser", "FlinkDeployment"])
def test_a_field_that_the_operator_does_not_know_is_refused(namespace: str, kind: str) -> None:
    document = next(document for document in parsed(render(namespace)) if document["kind"] == kind)
    document["spec"]["nobodyReadsThis"] = 1

    said = refused("apply", *STRICTLY, "--namespace", namespace, "-f", "-", stdin=yaml.safe_dump(document))

    assert ".spec.nobodyReadsThis" in said


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_a_sample_can_be_applied_as_it_stands(namespace: str, sample: Path) -> None:
    accepted(sample.read_text(), namespace)
