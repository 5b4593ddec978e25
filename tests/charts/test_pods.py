"""What every pod of every preset has in common: Pod Security `restricted`, read-only roots, no token without need."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.charts.rendering import PRESETS, kinds, pod_specs, template

# Many renderings, each a process of its own: seconds here, minutes on a busy machine.
pytestmark = pytest.mark.timeout(400)

Manifest = dict[str, Any]

TALKS_TO_THE_API = {
    "Deployment/iso-jobs-jobmanager",
    "Deployment/iso-jobs-taskmanager",
    "Job/iso-jobs-forget",
    "FlinkDeployment/jobManager",
    "FlinkDeployment/taskManager",
}
"""Flink's high availability lives in ConfigMaps; nothing else has business with the API server."""

WITH_POLLERS = {
    "producer.weather.openweather": {"enabled": True, "places": ["a=1,2"], "existingSecret": "key"},
    "producer.weather.metoffice": {"enabled": True, "places": ["a=1,2"], "existingSecret": "key"},
    "producer.replay.enabled": True,
}


def pods(preset: str) -> Iterator[tuple[str, Manifest]]:
    """Every pod's name and spec, those that the Flink operator makes from templates included."""
    manifests = template("isobar", WITH_POLLERS, files=PRESETS[preset])
    for name, pod in pod_specs(manifests):
        yield name, pod["spec"]
    for deployment in kinds(manifests, "FlinkDeployment"):
        for role in ("jobManager", "taskManager"):
            yield f"FlinkDeployment/{role}", deployment["spec"][role]["podTemplate"]["spec"]


def containers(spec: Manifest) -> list[Manifest]:
    return [*spec.get("initContainers", []), *spec["containers"]]


every_preset = pytest.mark.parametrize("preset", PRESETS)


@every_preset
def test_pods_are_restricted(preset: str) -> None:
    found = dict(pods(preset))

    assert found
    for name, spec in found.items():
        context = spec["securityContext"]
        assert context["runAsNonRoot"] is True, name
        assert context["runAsUser"] == context["fsGroup"] == (9999 if "jobs" in name or "Flink" in name else 10001), (
            name
        )
        assert context["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert not any(spec.get(key) for key in ("hostNetwork", "hostPID", "hostIPC")), name
        assert {kind for volume in spec.get("volumes", []) for kind in volume if kind != "name"} <= {
            "configMap",
            "secret",
            "projected",
            "emptyDir",
            "persistentVolumeClaim",
        }, name


@every_preset
def test_containers_are_restricted_on_a_read_only_root(preset: str) -> None:
    for name, spec in pods(preset):
        for container in containers(spec):
            context = container["securityContext"]
            assert context["allowPrivilegeEscalation"] is False, name
            assert context["capabilities"] == {"drop": ["ALL"]}, name
            assert context["readOnlyRootFilesystem"] is True, name
            assert "privileged" not in context, name


@every_preset
def test_strimzi_pods_are_restricted(preset: str) -> None:
    """Strimzi's own default is not; a chart that says it works under any installation of the operator."""
    manifests = template("isobar", files=PRESETS[preset])
    templates = [pool["spec"]["template"] for pool in kinds(manifests, "KafkaNodePool")]
    templates += [kafka["spec"]["entityOperator"]["template"] for kafka in kinds(manifests, "Kafka")]
    for made in templates:
        assert made["pod"]["securityContext"]["runAsNonRoot"] is True
        assert made["pod"]["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        named = [value for key, value in made.items() if key.endswith("Container")]
        assert len(named) == 2
        for container in named:
            assert container["securityContext"]["allowPrivilegeEscalation"] is False
            assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}


@every_preset
def test_a_token_is_mounted_only_where_it_is_used(preset: str) -> None:
    tokens = {name for name, spec in pods(preset) if spec["automountServiceAccountToken"]}

    assert tokens == {name for name, _ in pods(preset)} & TALKS_TO_THE_API


@every_preset
def test_containers_say_what_they_need(preset: str) -> None:
    """Memory is limited and requested; processors are requested, not limited: a limit only slows what could run."""
    for name, spec in pods(preset):
        if name.startswith("FlinkDeployment/"):
            continue  # the operator takes them from spec.*.resource
        for container in containers(spec):
            assert {"cpu", "memory"} <= set(container["resources"]["requests"]), name
            assert "memory" in container["resources"]["limits"], name


@every_preset
def test_what_runs_for_long_is_probed(preset: str) -> None:
    for name, spec in pods(preset):
        if name.startswith(("Job/", "Pod/")):
            continue
        main = spec["containers"][0]
        assert {"startupProbe", "readinessProbe", "livenessProbe"} <= set(main), name
        ports = {port.get("name") for port in main["ports"]} | {port["containerPort"] for port in main["ports"]}
        flink = {6122, 6123, 8081} if name.startswith("FlinkDeployment/") else set()
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            [(kind, action)] = [(k, v) for k, v in main[probe].items() if k in {"httpGet", "tcpSocket", "exec"}]
            assert kind in {"httpGet", "tcpSocket"}, name
            assert action["port"] in ports | flink, f"{name} {probe}"


@every_preset
def test_no_secret_stands_in_a_manifest(preset: str) -> None:
    """Passwords are in Secrets made by the chart, and everybody else refers to them."""
    manifests = [m for m in template("isobar", WITH_POLLERS, files=PRESETS[preset]) if m["kind"] != "Secret"]
    secrets = [m for m in template("isobar", WITH_POLLERS, files=PRESETS[preset]) if m["kind"] == "Secret"]
    text = str(manifests)
    for secret in secrets:
        for value in [*secret.get("data", {}).values(), *secret.get("stringData", {}).values()]:
            assert value not in text


@every_preset
def test_every_reference_to_a_configmap_or_claim_of_ours_leads_somewhere(preset: str) -> None:
    manifests = template("isobar", WITH_POLLERS, files=PRESETS[preset])
    made = {(m["kind"], m["metadata"]["name"]) for m in manifests}
    for name, spec in pods(preset):
        for container in containers(spec):
            for source in container.get("envFrom", []):
                assert ("ConfigMap", source["configMapRef"]["name"]) in made, name
        for volume in spec.get("volumes", []):
            if "configMap" in volume:
                assert ("ConfigMap", volume["configMap"]["name"]) in made, name
            if "persistentVolumeClaim" in volume:
                assert ("PersistentVolumeClaim", volume["persistentVolumeClaim"]["claimName"]) in made, name
        account = spec.get("serviceAccountName")
        assert account is None or ("ServiceAccount", account) in made, name


@every_preset
def test_names_and_labels_are_the_deployables(preset: str) -> None:
    for manifest in template("isobar", WITH_POLLERS, files=PRESETS[preset]):
        labels, name = manifest["metadata"]["labels"], manifest["metadata"]["name"]
        assert labels["app.kubernetes.io/instance"] == "iso", name
        assert labels["app.kubernetes.io/name"] in {"isobar", "kafka", "jobs", "producer", "sinks", "postgres"}, name
        assert name == "iso" or name.startswith("iso-"), name
