"""Samples are what the charts render, without what only Helm reads."""

from pathlib import Path

import pytest
import yaml

from scripts import helm, samples

RENDERED = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: isobar-kafka
  labels: {app.kubernetes.io/name: kafka, app.kubernetes.io/managed-by: Helm, helm.sh/chart: kafka-0.1.0}
  annotations: {helm.sh/resource-policy: keep}
data:
  text: "two\\nlines\\n"
---
apiVersion: v1
kind: Service
metadata: {name: isobar-sinks, labels: {app.kubernetes.io/name: sinks}}
"""


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(samples, "run_helm", lambda *_: RENDERED)
    monkeypatch.setattr(samples, "SAMPLES", tmp_path)
    monkeypatch.setattr(samples, "ROOT", tmp_path)
    return tmp_path


def test_a_sample_holds_the_part_and_nothing_of_helm(directory: Path) -> None:
    assert samples.main([]) == 0

    text = (directory / "kafka.yaml").read_text()
    [manifest] = yaml.safe_load_all(text)
    assert manifest["metadata"] == {"name": "isobar-kafka", "labels": {"app.kubernetes.io/name": "kafka"}}
    assert "text: |\n    two\n    lines\n" in text
    assert text.startswith("# A Kafka of one node under Strimzi")


def test_drift_is_named(directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    samples.main([])
    (directory / "kafka.yaml").write_text("edited")
    capsys.readouterr()

    assert samples.main(["--check"]) == 1
    assert capsys.readouterr().err == "kafka.yaml is not what the charts render: run `make samples`\n"


def test_without_helm_it_says_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(helm, "helm", lambda: None)

    assert samples.main(["--check"]) == 1
    assert capsys.readouterr().err == f"error: {helm.MISSING}\n"


def test_what_helm_says_is_the_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ISOBAR_HELM", "/bin/ls")

    with pytest.raises(helm.HelmError, match="no-such-file"):
        helm.run_helm("/no-such-file")
