"""Every resource for the operators, of every preset, is one that the operators' own definitions know in every field."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest

from contracts.access import rules
from contracts.topics import Catalogue
from tests.charts import crds
from tests.charts.rendering import PRESETS, RELEASE, kinds, one, template

# Many renderings, each a process of its own: seconds here, minutes on a busy machine.
pytestmark = pytest.mark.timeout(400)

GROUPS = ("kafka.strimzi.io/", "flink.apache.org/")
WITH_OPERATORS = ("default", "small", "production")


@pytest.fixture(scope="module")
def _definitions() -> None:
    if crds.directory() is None:
        pytest.skip(crds.HOW)


def custom(preset: str) -> Iterator[dict[str, Any]]:
    for manifest in template("isobar", files=PRESETS[preset]):
        if manifest["apiVersion"].startswith(GROUPS):
            yield manifest


@pytest.mark.usefixtures("_definitions")
@pytest.mark.parametrize("preset", WITH_OPERATORS)
def test_definitions_know_every_field(preset: str) -> None:
    found = list(custom(preset))

    assert {m["kind"] for m in found} == {"Kafka", "KafkaNodePool", "KafkaTopic", "KafkaUser", "FlinkDeployment"}
    assert {m["metadata"]["name"]: crds.errors(m) for m in found if crds.errors(m)} == {}


@pytest.mark.usefixtures("_definitions")
@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("Kafka", ("spec", "kafka", "listners")),
        ("KafkaTopic", ("spec", "partitons")),
        ("KafkaUser", ("spec", "authorization", "acl")),
        ("KafkaNodePool", ("spec", "template", "pod", "securitycontext")),
        ("FlinkDeployment", ("spec", "job", "paralelism")),
        ("FlinkDeployment", ("spec", "jobManager", "podTemplate", "spec", "volume")),
    ],
)
def test_a_misspelt_field_is_found(kind: str, path: tuple[str, ...]) -> None:
    """The check above can fail."""
    manifest = deepcopy(next(m for m in custom("default") if m["kind"] == kind))
    node = manifest
    for name in path[:-1]:
        node = node[name]
    node[path[-1]] = "x"

    assert [error for error in crds.errors(manifest) if path[-1] in error] != []


@pytest.mark.parametrize("preset", ["no-operators", "no-operators-small"])
def test_without_operators_nothing_is_theirs(preset: str) -> None:
    assert list(custom(preset)) == []


@pytest.mark.parametrize("preset", WITH_OPERATORS)
def test_strimzi_speaks_one_version(preset: str) -> None:
    assert {m["apiVersion"] for m in custom(preset) if "strimzi" in m["apiVersion"]} == {"kafka.strimzi.io/v1"}


@pytest.mark.parametrize(("prefix", "observations"), [("", "weather.observations"), ("Load_Test.", "uk-weather")])
def test_topics_are_those_of_the_catalogue(prefix: str, observations: str) -> None:
    values = {"global.topics.prefix": prefix, "global.topics.observations": observations}
    topics = kinds(template("kafka", values), "KafkaTopic")

    assert {t["spec"]["topicName"]: t["spec"]["partitions"] for t in topics} == {
        topic.name: topic.partitions for topic in Catalogue(prefix, observations).all()
    }
    for topic in topics:
        declared = next(t for t in Catalogue(prefix, observations).all() if t.name == topic["spec"]["topicName"])
        assert topic["spec"]["config"] == {
            **declared.config(),
            "message.timestamp.type": "LogAppendTime",
            "min.insync.replicas": "2",
        }
        assert topic["spec"]["replicas"] == 3


def test_users_have_the_rights_of_the_contracts_and_no_more() -> None:
    users = kinds(template("kafka", {"global.topics.prefix": "x."}), "KafkaUser")

    assert {
        u["metadata"]["name"]: [
            {name: acl[name] for name in ("resource", "operations")} for acl in u["spec"]["authorization"]["acls"]
        ]
        for u in users
    } == {f"{RELEASE}-kafka-{user}": acls for user, acls in rules(Catalogue("x.")).items()}
    assert {u["spec"]["authentication"]["type"] for u in users} == {"scram-sha-512"}


def test_a_changed_setting_is_an_upgrade() -> None:
    """The operator compares the resource; what the driver reads from a ConfigMap is not in it."""

    def annotations(values: dict[str, Any]) -> str:
        deployment = one(template("jobs", values), "FlinkDeployment", f"{RELEASE}-jobs")
        text: str = deployment["spec"]["jobManager"]["podTemplate"]["metadata"]["annotations"]["checksum/config"]
        return text

    assert annotations({}) == annotations({"jobManager.processMemory": "2048m"})
    assert annotations({}) != annotations({"settings.idleTimeoutS": 60})


def test_flink_upgrades_from_its_last_state() -> None:
    spec = one(template("jobs"), "FlinkDeployment", f"{RELEASE}-jobs")["spec"]

    assert spec["job"]["upgradeMode"] == "last-state"
    assert spec["flinkVersion"] == "v2_2"
    assert spec["flinkConfiguration"]["high-availability.type"] == "kubernetes"
    assert spec["flinkConfiguration"]["execution.checkpointing.dir"] == "file:///opt/flink/state/checkpoints"
    assert spec["flinkConfiguration"]["job.autoscaler.enabled"] == "false"


def test_an_uninstall_waits_for_no_topic_operator() -> None:
    kafka = one(template("kafka"), "Kafka", RELEASE)
    container = kafka["spec"]["entityOperator"]["template"]["topicOperatorContainer"]

    assert container["env"] == [{"name": "STRIMZI_USE_FINALIZERS", "value": "false"}]
    volumes = [
        volume
        for pool in kinds(template("isobar", files=PRESETS["production"]), "KafkaNodePool")
        for volume in pool["spec"]["storage"]["volumes"]
    ]
    assert {volume["deleteClaim"] for volume in volumes} == {False}


@pytest.mark.parametrize("kind", ["Kafka", "KafkaNodePool"])
def test_strimzi_pods_get_no_label_that_concerns_them(kind: str) -> None:
    """Strimzi hands labels on to its pods: a chart's version would roll brokers, part-of would deny them everything."""
    for manifest in kinds(template("isobar"), kind):
        assert {"helm.sh/chart", "app.kubernetes.io/part-of"} & set(manifest["metadata"]["labels"]) == set()
    deny = one(template("isobar"), "NetworkPolicy", f"{RELEASE}-default-deny")["spec"]["podSelector"]
    assert deny["matchLabels"]["app.kubernetes.io/part-of"] == "isobar"
    assert deny["matchExpressions"] == [{"key": "strimzi.io/cluster", "operator": "DoesNotExist"}]
