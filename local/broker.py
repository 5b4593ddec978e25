"""One Kafka broker: KRaft, broker and controller in one process, replication factor 1.

Java is run directly instead of by Kafka's shell scripts, so that the pid is the broker's, the classpath is the cached
jars, and nothing listens for JMX.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from confluent_kafka import KafkaException

from contracts.kafka import confluent_admin
from contracts.settings import KafkaSettings
from local import maven
from local.child import Child
from local.errors import failure
from local.java import java_environment, java_executable
from local.ports import HOST, accepts_connections, free_port

# Ready within 4 s on two idle cores; a start shares them with two Flink JVMs and Postgres.
READY_TIMEOUT_S = 60.0
_FORMAT_TIMEOUT_S = 60
_METADATA_TIMEOUT_S = 1.0

# A fixed id: one data directory is one cluster, and a random id would have to be remembered somewhere.
_CLUSTER_ID = "aXNvYmFyLWxvY2FsLTAwMQ"

# Kafka's log levels of its own scripts, on one appender: the console, which is the log file.
_LOG4J = """\
log4j.rootLogger=INFO, stdout
log4j.appender.stdout=org.apache.log4j.ConsoleAppender
log4j.appender.stdout.layout=org.apache.log4j.PatternLayout
log4j.appender.stdout.layout.ConversionPattern=[%d] %p %m (%c)%n
log4j.logger.org.apache.kafka.clients=WARN
log4j.logger.org.apache.kafka.coordinator=WARN
log4j.logger.kafka.log=WARN
log4j.logger.org.apache.kafka.storage.internals.log=WARN
log4j.logger.kafka.network.RequestChannel$=WARN
"""


class Broker(Child):
    """A broker that keeps its logs under data_dir."""

    def __init__(self, data_dir: Path, port: int, controller_port: int | None = None, heap_mb: int = 512) -> None:
        self.data_dir = data_dir
        self.port = port
        self._controller_port = controller_port or free_port()
        self._config_path = data_dir / "server.properties"
        self._log4j_path = data_dir / "log4j.properties"
        self._heap_mb = heap_mb
        super().__init__(
            "Kafka broker",
            [],
            data_dir / "broker.log",
            ports={"clients": port, "controller": self._controller_port},
        )

    @property
    def bootstrap_servers(self) -> str:
        return f"{HOST}:{self.port}"

    @property
    def client_settings(self) -> KafkaSettings:
        """For a client of this broker, whatever the environment says about others."""
        return KafkaSettings.load(bootstrap_servers=self.bootstrap_servers, security_protocol="PLAINTEXT")

    def start(self) -> None:
        self.data_dir.mkdir(parents=True, exist_ok=True)
        self._config_path.write_text(self._properties())
        self._log4j_path.write_text(_LOG4J)
        self.env = java_environment()
        if not (self.data_dir / "log" / "meta.properties").exists():
            self._format()
        heap = [f"-Xms{min(256, self._heap_mb)}m", f"-Xmx{self._heap_mb}m"]
        self.argv = [*self._java(), *heap, "kafka.Kafka", str(self._config_path)]
        super().start()

    def wait_ready(self, timeout_s: float = READY_TIMEOUT_S) -> None:
        """Ready when it answers for its metadata: its port opens a second or two earlier."""
        # A client that finds nobody logs every attempt: it is built once somebody listens.
        self.wait_until(lambda: accepts_connections(self.port), timeout_s)
        admin = confluent_admin(self.client_settings)

        def answers() -> bool:
            try:
                return bool(admin.list_topics(timeout=_METADATA_TIMEOUT_S).brokers)
            except KafkaException:
                return False

        self.wait_until(answers, timeout_s)

    def _java(self) -> list[str]:
        return [
            java_executable(),
            "-XX:+UseG1GC",
            "-XX:+ExitOnOutOfMemoryError",
            "-Djava.awt.headless=true",
            # One kind of socket, so that 127.0.0.1 means just that.
            "-Djava.net.preferIPv4Stack=true",
            f"-Dlog4j.configuration=file:{self._log4j_path}",
            "-cp",
            f"{maven.fetch(maven.BROKER)}/*",
        ]

    def _format(self) -> None:
        tool = ["kafka.tools.StorageTool", "format", "--standalone", "-t", _CLUSTER_ID, "-c", str(self._config_path)]
        with self.log_path.open("ab") as log:
            result = subprocess.run(
                [*self._java(), "-XX:TieredStopAtLevel=1", *tool],
                env=self.env,
                stdout=log,
                stderr=subprocess.STDOUT,
                timeout=_FORMAT_TIMEOUT_S,
                check=False,
            )
        if result.returncode != 0:
            raise failure(f"The storage of the {self.name} could not be formatted.", self.log_path)

    def _properties(self) -> str:
        clients, controller = self.bootstrap_servers, f"{HOST}:{self._controller_port}"
        settings = {
            "process.roles": "broker,controller",
            "node.id": 1,
            "controller.quorum.bootstrap.servers": controller,
            "listeners": f"PLAINTEXT://{clients},CONTROLLER://{controller}",
            "advertised.listeners": f"PLAINTEXT://{clients},CONTROLLER://{controller}",
            "controller.listener.names": "CONTROLLER",
            "log.dirs": self.data_dir / "log",
            # A misspelt topic must be an error, not a new topic with default settings.
            "auto.create.topics.enable": "false",
            "group.initial.rebalance.delay.ms": 0,
            # Internal topics: one node holds all, and few partitions make the first commit and transaction quick.
            "offsets.topic.replication.factor": 1,
            "offsets.topic.num.partitions": 4,
            "transaction.state.log.replication.factor": 1,
            "transaction.state.log.min.isr": 1,
            "transaction.state.log.num.partitions": 4,
            "share.coordinator.state.topic.replication.factor": 1,
            "share.coordinator.state.topic.min.isr": 1,
            # Flink's sinks ask for a timeout above checkpoint interval + longest restart (15 min: Kafka's default).
            "transaction.max.timeout.ms": 900_000,
        }
        return "".join(f"{name}={value}\n" for name, value in settings.items())
