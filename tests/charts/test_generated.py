"""Files that are made from the charts, and figures that the charts repeat, are what they should be."""

from pathlib import Path

import pytest
import yaml

from local.flink_distribution import flink_home
from local.flink_home import java_options
from scripts import samples, values_schema
from tests.charts import crds
from tests.charts.rendering import CHARTS, PARTS, RELEASE, one, template

ROOT = CHARTS.parent


def test_samples_are_what_the_charts_render() -> None:
    stale = [path.name for path, text in samples.generated().items() if path.read_text("utf-8") != text]

    assert stale == [], "make samples"


@pytest.mark.parametrize("file", sorted((ROOT / "k8s" / "samples").glob("*.yaml")), ids=lambda path: path.name)
def test_definitions_know_every_field_of_the_samples(file: Path) -> None:
    if crds.directory() is None:
        pytest.skip(crds.HOW)
    found = [m for m in yaml.safe_load_all(file.read_text("utf-8")) if "." in m["apiVersion"].split("/")[0]]
    operators = [m for m in found if m["apiVersion"].startswith(("kafka.strimzi.io/", "flink.apache.org/"))]

    assert operators
    assert {m["metadata"]["name"]: crds.errors(m) for m in operators if crds.errors(m)} == {}


def test_the_schema_knows_the_parts_of_the_umbrella() -> None:
    dependencies = yaml.safe_load((CHARTS / "isobar" / "Chart.yaml").read_text("utf-8"))["dependencies"]

    assert {d.get("alias", d["name"]): d["name"] for d in dependencies if d["name"] != "common"} == values_schema.PARTS
    assert set(values_schema.PARTS.values()) == set(PARTS)


def test_every_chart_has_one_version() -> None:
    charts = {path.parent.name: yaml.safe_load(path.read_text("utf-8")) for path in CHARTS.glob("*/Chart.yaml")}
    pyproject = (ROOT / "pyproject.toml").read_text("utf-8")

    assert {chart["version"] for chart in charts.values()} == {chart["appVersion"] for chart in charts.values()}
    assert f'\nversion = "{charts["isobar"]["version"]}"\n' in pyproject
    for chart in charts.values():
        assert {d["version"] for d in chart.get("dependencies", [])} <= {chart["version"]}


@pytest.mark.parametrize("provider", ["operator", "standalone"])
def test_flink_gets_the_module_openings_that_it_ships_with(provider: str) -> None:
    """A configuration of one's own replaces Flink's, and without these lines it fails on Java 17 in odd places."""
    manifests = template("jobs", {"provider": provider})
    if provider == "operator":
        config = one(manifests, "FlinkDeployment", f"{RELEASE}-jobs")["spec"]["flinkConfiguration"]
    else:
        config = yaml.safe_load(one(manifests, "ConfigMap", f"{RELEASE}-jobs-flink")["data"]["config.yaml"])

    assert config["env.java.opts.all"].split() == java_options(flink_home())


def test_a_container_holds_the_memory_that_flink_takes() -> None:
    manifests = template("jobs", {"provider": "standalone"})
    config = yaml.safe_load(one(manifests, "ConfigMap", f"{RELEASE}-jobs-flink")["data"]["config.yaml"])
    for role, room_mb in (("jobmanager", 300), ("taskmanager", 0)):
        pod = one(manifests, "Deployment", f"{RELEASE}-jobs-{role}")["spec"]["template"]["spec"]
        limit_mb = int(pod["containers"][0]["resources"]["limits"]["memory"].removesuffix("Mi"))
        process_mb = int(config[f"{role}.memory.process.size"].removesuffix("m"))
        assert limit_mb >= process_mb + room_mb, f"{role}: the Python driver needs room beside the JVM"
