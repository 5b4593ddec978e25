"""Every manifest of every preset is one that the pinned Kubernetes knows, field by field; notes say what is there."""

import shutil
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts.helm import KUBE_VERSION, run_helm
from tests.charts import kubernetes_models
from tests.charts.rendering import CHARTS, PRESETS, RELEASE, kinds, one, template

# Many renderings, each a process of its own: seconds here, minutes on a busy machine.
pytestmark = pytest.mark.timeout(400)

EVERYTHING: dict[str, Any] = {
    "producer.weather.openweather": {"enabled": True, "places": ["a=1,2"], "existingSecret": "key", "intervalS": 600},
    "producer.replay.enabled": True,
    "sinks.topics": ["enriched", "windows"],
    "sinks.extraEnv": [{"name": "X", "value": "y"}],
    "global.commonLabels": {"team": "weather"},
    "global.image.pullSecrets": ["registry"],
}


@pytest.mark.parametrize("values", [{}, EVERYTHING], ids=["plain", "everything"])
@pytest.mark.parametrize("preset", PRESETS)
def test_kubernetes_knows_every_field(preset: str, values: dict[str, Any]) -> None:
    found = {
        f"{m['kind']} {m['metadata']['name']}": kubernetes_models.errors(m)
        for m in template("isobar", values, files=PRESETS[preset])
    }

    assert {name: errors for name, errors in found.items() if errors} == {}


def test_the_pod_templates_for_the_flink_operator_are_pods() -> None:
    for role in ("jobManager", "taskManager"):
        deployment = one(template("isobar", EVERYTHING), "FlinkDeployment", f"{RELEASE}-jobs")
        pod = {"apiVersion": "v1", "kind": "Pod", **deployment["spec"][role]["podTemplate"]}
        assert kubernetes_models.errors(pod) == []


@pytest.mark.parametrize(
    ("path", "value", "error"),
    [
        (("spec", "replica"), 2, "$.spec.replica: V1DeploymentSpec has no such field"),
        (("spec", "replicas"), "two", "$.spec.replicas: expected int, found 'two'"),
        (("spec", "selector"), None, "$: Invalid value for `selector`, must not be `None`"),
    ],
)
def test_what_is_wrong_is_found(path: tuple[str, ...], value: Any, error: str) -> None:
    """The check above can fail."""
    manifest = deepcopy(one(template("sinks"), "Deployment", f"{RELEASE}-sinks"))
    manifest[path[0]][path[1]] = value

    assert kubernetes_models.errors(manifest) == [error]


def test_a_changed_setting_rolls_the_pods_that_read_it_and_no_others() -> None:
    def checksums(values: dict[str, Any]) -> dict[str, str]:
        manifests = template("isobar", values, files=PRESETS["no-operators"])
        return {
            m["metadata"]["name"]: m["spec"]["template"]["metadata"].get("annotations", {}).get("checksum/config", "")
            for kind in ("Deployment", "StatefulSet")
            for m in kinds(manifests, kind)
        }

    before = checksums({})

    def rolled(values: dict[str, Any]) -> set[str]:
        return {name for name, checksum in checksums(values).items() if checksum != before[name]}

    assert rolled({"sinks.settings.batchRows": 10}) == {"iso-sinks"}
    # A new plan brings new libraries, which task managers of the last one refuse.
    assert rolled({"flink.settings.parallelism": 2}) == {"iso-jobs-jobmanager", "iso-jobs-taskmanager"}
    assert rolled({"flink.taskManager.slots": 4}) == {"iso-jobs-jobmanager", "iso-jobs-taskmanager"}
    assert rolled({"kafka.standalone.config": {"num.io.threads": 2}}) == {"iso-kafka"}
    assert rolled({"global.topics.prefix": "x."}) == {"iso-jobs-jobmanager", "iso-jobs-taskmanager", "iso-sinks"}


def replay(values: dict[str, Any]) -> str:
    [job] = kinds(template("producer", {"replay.enabled": True, **values}), "Job")
    name: str = job["metadata"]["name"]
    return name


def test_another_replay_is_another_job_and_the_same_one_is_not() -> None:
    """A Job's pods cannot be changed; and a time that is made up anew must not make another Job of it."""
    first = replay({})

    assert replay({"serviceAccount.annotations": {"a": "b"}}) == first
    assert (
        len({first, replay({"replay.rate": 5}), replay({"image.tag": "9"}), replay({"replay.asOf": "2026-01-01"})}) == 4
    )


def test_volumes_outlive_the_release() -> None:
    manifests = template("isobar", files=PRESETS["no-operators"])
    claim = one(manifests, "PersistentVolumeClaim", f"{RELEASE}-jobs-state")

    assert claim["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}
    assert [m["metadata"]["name"] for m in kinds(manifests, "PersistentVolumeClaim")] == [f"{RELEASE}-jobs-state"]
    # Those of StatefulSets are nobody's, and carry the labels that the documented command selects by.
    for stateful in kinds(manifests, "StatefulSet"):
        assert stateful["spec"]["selector"]["matchLabels"]["app.kubernetes.io/instance"] == RELEASE
        assert stateful["spec"].get("persistentVolumeClaimRetentionPolicy") is None
    assert claim["metadata"]["labels"]["app.kubernetes.io/instance"] == RELEASE


def notes(tmp_path: Path, *files: str, values: tuple[str, ...] = ()) -> str:
    """What `helm install` would print; `helm template` leaves it out, so a copy of the charts has it as a manifest."""
    charts = tmp_path / "charts"
    shutil.copytree(CHARTS, charts, symlinks=True)
    templates = charts / "isobar" / "templates"
    text = (templates / "NOTES.txt").read_text("utf-8")
    (templates / "_notes.tpl").write_text('{{- define "notes" -}}\n' + text + "{{- end }}\n", "utf-8")
    (templates / "notes.yaml").write_text('notes: |\n{{ include "notes" . | indent 2 }}\n', "utf-8")
    options = [option for file in files for option in ("--values", str(charts / "isobar" / file))]
    options += [option for value in ("apiChecks=false", *values) for option in ("--set", value)]
    place = ("--namespace", "weather", "--kube-version", KUBE_VERSION, "--show-only", "templates/notes.yaml")
    rendered = yaml.safe_load(run_helm("template", RELEASE, str(charts / "isobar"), *place, *options))
    found: str = rendered["notes"]
    return found


def test_notes_of_an_evaluation(tmp_path: Path) -> None:
    assert notes(tmp_path, *PRESETS["no-operators-small"]) == (
        "Isobar 0.1.0 is release iso in namespace weather:\n"
        "  Kafka     one broker, for evaluation only: no replicas, no TLS\n"
        "  Flink     Flink's own application mode\n"
        "  producer  a replay of recorded observations\n"
        "  sinks     1, into the Postgres of this release, for evaluation only\n"
        "\n"
        "Wait until it runs (the first start takes some minutes), and let one record go the whole way:\n"
        "\n"
        "  kubectl get pods -n weather -l app.kubernetes.io/instance=iso --watch\n"
        "  helm test iso -n weather\n"
        "\n"
        "See rows:\n"
        "\n"
        '  kubectl exec -n weather iso-postgres-0 -- bash -c \'PGPASSWORD=$(<"$POSTGRES_PASSWORD_FILE")'
        ' psql -h /tmp -U isobar -c "SELECT station_id, observed_at, temperature_c, quality FROM weather_enriched'
        " ORDER BY observed_at DESC LIMIT 10\"'\n"
        "\n"
        "Next: for more than an evaluation, charts/isobar/values-production.yaml (docs/install.md).\n"
    )


def test_notes_of_production(tmp_path: Path) -> None:
    found = notes(tmp_path, *PRESETS["production"])

    assert "  Kafka     Strimzi cluster iso\n  Flink     the Flink operator\n  producer  nothing yet\n" in found
    assert "  sinks     2, into your Postgres\n" in found
    assert "kubectl exec" not in found
    assert found.endswith(
        "Next: live observations, by --set producer.weather.openweather.enabled=true with places and the Secret of your"
        " key (docs/install.md).\n"
    )
