"""The jobs image starts as Flink's own image does: by a role's name, and as whatever command it is given.

The job runs against the broker image, in containers that share a network as those of one pod do: Flink's application
mode by `standalone-job`, a TaskManager, and the job RUNNING with every task of it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.images.conftest import Run
from tests.images.container import Container
from tests.images.test_kafka import READY as KAFKA_READY

WRITABLE = ("/tmp", "/opt/flink/log")
# A plan, a JVM's start and a deployment on two busy cores.
RUNNING_TIMEOUT_S = 180.0

CONFIG = """\
jobmanager.rpc.address: 127.0.0.1
jobmanager.bind-host: 127.0.0.1
jobmanager.memory.process.size: 1024m
rest.address: 127.0.0.1
rest.bind-address: 127.0.0.1
taskmanager.host: 127.0.0.1
taskmanager.bind-host: 127.0.0.1
taskmanager.memory.process.size: 1536m
taskmanager.numberOfTaskSlots: 1
execution.checkpointing.dir: file:///tmp/checkpoints
"""

PLAIN_BROKER = """\
process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers=127.0.0.1:9093
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:9092,CONTROLLER://127.0.0.1:9093
advertised.listeners=PLAINTEXT://127.0.0.1:9092,CONTROLLER://127.0.0.1:9093
log.dirs=/var/lib/kafka/data
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
transaction.max.timeout.ms=900000
"""

MAKE_TOPICS = """\
from contracts.kafka import confluent_admin, create_topics
from contracts.settings import KafkaSettings, TopicSettings
create_topics(confluent_admin(KafkaSettings.load()), TopicSettings.load().catalogue().all())
"""

ASK = """\
import sys, urllib.request
print(urllib.request.urlopen("http://127.0.0.1:8081" + sys.argv[1], timeout=10).read().decode())
"""

JOB = (
    "standalone-job",
    "--job-classname",
    "org.apache.flink.client.python.PythonDriver",
    "-pyclientexec",
    "/opt/venv/bin/python",
    "-py",
    "/opt/isobar/jobs/process_weather.py",
)


@pytest.fixture
def configured(shared: Path) -> Mapping[str, Any]:
    """A configuration mounted where the operator mounts its own."""
    conf = shared / "conf"
    conf.mkdir()
    (conf / "config.yaml").write_text(CONFIG + f"env.java.opts.all: {_java_options()}\n")
    (conf / "log4j-console.properties").write_text(
        "rootLogger.level = INFO\nrootLogger.appenderRef.c.ref = C\n"
        "appender.c.name = C\nappender.c.type = CONSOLE\nappender.c.layout.type = PatternLayout\n"
        "appender.c.layout.pattern = %p %c{1} - %m%n\n"
    )
    return {"files": {"/opt/flink/conf": conf}, "writable": WRITABLE}


def _java_options() -> str:
    from local.flink_distribution import flink_home
    from local.flink_home import java_options

    return " ".join(java_options(flink_home()))


@pytest.fixture
def kafka(container: Run, shared: Path) -> Container:
    (shared / "server.properties").write_text(PLAIN_BROKER)
    broker = container(
        "kafka",
        files={"/etc/kafka/server.properties": shared / "server.properties"},
        volumes={"/var/lib/kafka": shared / "kafka"},
    )
    broker.start()
    broker.wait_for(KAFKA_READY)
    made = container("producer", ["-c", MAKE_TOPICS], entrypoint=["/opt/venv/bin/python"], beside=broker)
    assert made.run() == (0, "")
    return broker


def _ask(container: Run, beside: Container, path: str) -> Any:
    code, output = container("producer", ["-c", ASK, path], entrypoint=["/opt/venv/bin/python"], beside=beside).run()
    return json.loads(output) if code == 0 else None


def _wait(container: Run, flink: Sequence[Container], path: str, ready: Callable[[Any], bool]) -> Any:
    """What Flink says at a path of its REST interface, when it is as it should be."""
    deadline = time.monotonic() + RUNNING_TIMEOUT_S
    while True:
        answer = _ask(container, flink[0], path)
        if answer is not None and ready(answer):
            return answer
        for each in flink:
            assert each.process
            assert each.process.poll() is None, f"{each.arguments} ended:\n{each.log()[-5000:]}"
        assert time.monotonic() < deadline, f"{path} last said {answer}:\n{flink[0].log()[-5000:]}"
        time.sleep(2)


@pytest.mark.timeout(400)
def test_the_job_runs_in_application_mode(container: Run, kafka: Container, configured: Mapping[str, Any]) -> None:
    jobmanager = container("jobs", JOB, beside=kafka, **configured)
    jobmanager.start()
    taskmanager = container("jobs", ["taskmanager"], beside=kafka, **configured)
    taskmanager.start()

    def all_run(answer: Any) -> bool:
        return [job["state"] for job in answer["jobs"]] == ["RUNNING"] and all(
            job["tasks"]["running"] == job["tasks"]["total"] for job in answer["jobs"]
        )

    overview = _wait(container, [jobmanager, taskmanager], "/jobs/overview", all_run)

    assert [job["name"] for job in overview["jobs"]] == ["process-weather"]
    assert taskmanager.stop() == 143
    assert jobmanager.stop() in (0, 143)


@pytest.mark.timeout(300)
def test_a_command_of_the_operators_native_mode_passes_through(container: Run, configured: Mapping[str, Any]) -> None:
    """Without a cluster it can only go as far as asking for one, which is far enough: Flink read its arguments."""
    native = container(
        "jobs",
        ["bash", "-c", "kubernetes-jobmanager.sh kubernetes-application -D kubernetes.cluster-id=x"],
        **configured,
    )
    code, output = native.run(120)

    assert code != 0
    assert "KubernetesApplicationClusterEntrypoint" in output


@pytest.mark.timeout(300)
def test_a_session_cluster_starts_by_the_role_names(container: Run, configured: Mapping[str, Any]) -> None:
    jobmanager = container("jobs", ["jobmanager"], **configured)
    jobmanager.start()
    _wait(container, [jobmanager], "/overview", lambda _: True)
    taskmanager = container("jobs", ["taskmanager"], beside=jobmanager, **configured)
    taskmanager.start()

    overview = _wait(container, [jobmanager, taskmanager], "/overview", lambda answer: answer["taskmanagers"] == 1)

    assert overview["flink-version"] == "2.2.1"
    assert "Plugin loader with ID not found, creating it: s3-fs-hadoop" in jobmanager.log()


def test_properties_that_only_flink_s_own_image_reads_are_refused(container: Run) -> None:
    code, output = container("jobs", ["jobmanager"], env={"FLINK_PROPERTIES": "rest.port: 1"}).run()

    assert code == 1
    assert output == (
        "jobs: FLINK_PROPERTIES is set and would be ignored: mount a config.yaml at /opt/flink/conf, or name its "
        "folder in FLINK_CONF_DIR\n"
    )


def test_the_image_says_how_to_start_the_job(container: Run) -> None:
    code, output = container("jobs").run()

    assert code == 0
    assert " ".join(JOB) in output
