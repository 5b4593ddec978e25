"""Who may do what, as a file for charts and as bindings of a broker; what the provisioner refuses."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from confluent_kafka.admin import AclOperation, AclPermissionType, ResourcePatternType, ResourceType

from contracts import charts, provision
from contracts.access import JOB_ID_PREFIX, SINK_GROUP_PREFIX, rules
from contracts.topics import Catalogue
from jobs.settings import JobSettings
from producer import lease, ledger
from sinks.settings import SinkSettings


def topics_of(user: str, operation: str) -> set[str]:
    return {
        rule["resource"]["name"]
        for rule in rules(Catalogue())[user]
        if rule["resource"]["type"] == "topic" and operation in rule["operations"]
    }


def test_nobody_writes_what_another_reads_from_a_third() -> None:
    """Each topic has one writer; two writers of one topic would be a way around the job's refusals."""
    writers: dict[str, list[str]] = {}
    for user in rules(Catalogue()):
        for topic in topics_of(user, "Write"):
            writers.setdefault(topic, []).append(user)

    assert {topic: users for topic, users in writers.items() if len(users) > 1} == {}
    assert set(writers) == {topic.name for topic in Catalogue().all()}, "a topic that nobody may write"


def test_the_default_names_of_groups_are_covered() -> None:
    assert JobSettings().job_id.startswith(JOB_ID_PREFIX)
    assert SinkSettings().group("postgres").startswith(SINK_GROUP_PREFIX)
    [group] = [r["resource"] for r in rules(Catalogue("p."))["producer"] if r["resource"]["type"] == "group"]
    assert ledger.transactional_id(Catalogue("p."), "metoffice").startswith(group["name"])
    assert "poller." in Path(lease.__file__).read_text("utf-8")


def test_the_charts_file_is_the_catalogue_under_any_names() -> None:
    text = charts.catalogue().replace(charts.PREFIX, "x.").replace(charts.OBSERVATIONS, "uk-weather")
    found, catalogue = yaml.safe_load(text), Catalogue("x.", "uk-weather")

    assert [(t["name"], t["partitions"]) for t in found["topics"]] == [(t.name, t.partitions) for t in catalogue.all()]
    assert found["users"] == rules(catalogue)


def test_a_rule_is_a_binding_per_operation() -> None:
    rule = {
        "resource": {"type": "transactionalId", "name": "job", "patternType": "prefix"},
        "operations": ["Write", "Describe"],
    }

    assert [
        (b.restype, b.name, b.resource_pattern_type, b.principal, b.host, b.operation, b.permission_type)
        for b in provision.bindings("jobs", [rule])
    ] == [
        (
            ResourceType.TRANSACTIONAL_ID,
            "job",
            ResourcePatternType.PREFIXED,
            "User:jobs",
            "*",
            operation,
            AclPermissionType.ALLOW,
        )
        for operation in (AclOperation.WRITE, AclOperation.DESCRIBE)
    ]


def test_topics_keep_what_the_file_says() -> None:
    declared = {
        "name": "t",
        "partitions": 3,
        "config": {"cleanup.policy": "delete", "retention.ms": "5", "message.timestamp.type": "LogAppendTime"},
    }
    [topic] = provision.topics({"topics": [declared]})

    assert (topic.name, topic.partitions, topic.config()) == ("t", 3, {"cleanup.policy": "delete", "retention.ms": "5"})


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "cannot be read: Expecting property name enclosed in double quotes: line 1 column 2 (char 1);"),
        (json.dumps({"topics": []}), "lacks replication, users: expected topics, replication and users"),
    ],
)
def test_a_file_that_cannot_be_applied_is_named(tmp_path: Path, text: str, sentence: str) -> None:
    file = tmp_path / "provision.json"
    file.write_text(text)

    with pytest.raises(provision.ProvisionError) as error:
        provision.read(file)
    assert str(error.value).startswith(f"'{file}' {sentence}")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "the password file '{}' cannot be read (No such file or directory)"),
        (" \n", "the password file '{}' is empty: expected the user's password"),
    ],
)
def test_a_missing_password_is_named(tmp_path: Path, content: str | None, sentence: str) -> None:
    file = tmp_path / "password"
    if content is not None:
        file.write_text(content)
    wanted: dict[str, Any] = {
        "topics": [],
        "replication": 1,
        "users": {"u": {"passwordFile": str(file), "acls": []}},
    }

    class NoTopics:
        def create_topics(self, *_: Any, **__: Any) -> dict[str, Any]:
            return {}

    with pytest.raises(provision.ProvisionError) as error:
        provision.Provisioner(NoTopics(), print).apply(wanted)  # type: ignore[arg-type]
    assert str(error.value) == sentence.format(file)
