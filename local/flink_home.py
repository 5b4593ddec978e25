"""The Flink distribution inside the PyFlink wheel, and a configuration directory of our own for it.

The wheel's folders are only read: configuration, logs, temporary files and checkpoints belong to a data directory, so
that two stacks can run beside each other.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

from local import functions
from local.errors import StartError
from local.java import java_environment, java_executable

_JAVA_OPTIONS = re.compile(r"^ +all: (--add-exports.*)$", re.MULTILINE)

# Levels as in Flink's own files, on one appender: the console, which is the log file.
_LOG4J = """\
rootLogger.level = INFO
rootLogger.appenderRef.console.ref = Console
appender.console.name = Console
appender.console.type = CONSOLE
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{ISO8601} %-5p %c{1} - %m%n
logger.kafka.name = org.apache.kafka
logger.kafka.level = WARN
logger.types.name = org.apache.flink.api.java.typeutils
logger.types.level = WARN
logger.hadoopnative.name = org.apache.hadoop.util.NativeCodeLoader
logger.hadoopnative.level = OFF
"""
_LOG4J_FILE = "log4j.properties"


def java_options(home: Path) -> list[str]:
    """The module openings that Flink needs on Java 17 and later, as its own configuration lists them."""
    config = home / "conf" / "config.yaml"
    match = _JAVA_OPTIONS.search(config.read_text())
    if match is None:
        raise StartError(f"{config} has no env.java.opts.all: is this the PyFlink of requirements.lock?")
    return match.group(1).split()


def classpath(home: Path) -> str:
    """Flink's lib folder with our connectors, the order of Flink's scripts: flink-dist last."""
    libraries = sorted((home / "lib").glob("*.jar"))
    dist = [jar for jar in libraries if jar.name.startswith("flink-dist")]
    connectors = sorted(functions.connectors().glob("*.jar"))
    return ":".join(map(str, [*connectors, *(jar for jar in libraries if jar not in dist), *dist]))


def java_command(home: Path, conf_dir: Path, jvm_options: list[str], main: list[str]) -> list[str]:
    """Java run directly: Flink's scripts start two more JVMs to read the configuration, a second each."""
    return [
        java_executable(),
        *jvm_options,
        *java_options(home),
        # One kind of socket, so that 127.0.0.1 means just that.
        "-Djava.net.preferIPv4Stack=true",
        f"-Dlog4j.configurationFile=file:{conf_dir / _LOG4J_FILE}",
        "-cp",
        classpath(home),
        *main,
    ]


def environment(home: Path, conf_dir: Path, log_dir: Path) -> dict[str, str]:
    """What Flink's scripts would export."""
    return {
        **java_environment(),
        "FLINK_HOME": str(home),
        "FLINK_CONF_DIR": str(conf_dir),
        "FLINK_LIB_DIR": str(home / "lib"),
        "FLINK_OPT_DIR": str(home / "opt"),
        "FLINK_PLUGINS_DIR": str(home / "plugins"),
        "FLINK_BIN_DIR": str(home / "bin"),
        "FLINK_LOG_DIR": str(log_dir),
    }


def write_conf(home: Path, conf_dir: Path, settings: Mapping[str, object]) -> None:
    """config.yaml and the logging file. The stock env.java.opts.all stay, for whoever uses bin/flink with them."""
    conf_dir.mkdir(parents=True, exist_ok=True)
    (conf_dir / _LOG4J_FILE).write_text(_LOG4J)
    lines = [f"{key}: {json.dumps(value)}" for key, value in settings.items()]
    lines.append(f"env.java.opts.all: {json.dumps(' '.join(java_options(home)))}")
    (conf_dir / "config.yaml").write_text("\n".join(lines) + "\n")
