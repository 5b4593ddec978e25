"""The Java functions in one JVM for the session, asked by lines of JSON (FunctionHarness.java answers).

So the functions are tested as Flink gets them, from the same jar, without its runtime: a thousand readings take
milliseconds, where a job takes seconds to start. What only Flink can tell is left to the integration tests.
"""

import base64
import json
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from local import functions
from local.flink_distribution import flink_home
from local.java import java_environment, java_home

SOURCE = Path(__file__).with_name("FunctionHarness.java")
RELEASE = "17"


class FunctionError(AssertionError):
    """A function threw: in a job that is a restart, and with the same record again another one."""


class Functions:
    """The JVM."""

    def __init__(self, folder: Path) -> None:
        classpath = ":".join(map(str, [functions.jar(), *sorted((flink_home() / "lib").glob("*.jar")), folder]))
        javac = [str(java_home() / "bin" / "javac"), "--release", RELEASE, "-proc:none", "-cp", classpath]
        subprocess.run([*javac, "-d", str(folder), str(SOURCE)], env=java_environment(), check=True)
        self._process = subprocess.Popen(
            [str(java_home() / "bin" / "java"), "-XX:TieredStopAtLevel=1", "-cp", classpath, SOURCE.stem],
            env=java_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )

    def close(self) -> None:
        self._process.communicate(timeout=20)

    def _ask(self, function: str, **arguments: Any) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"function": function, **arguments}) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        if "error" in answer:
            raise FunctionError(answer["error"])
        return answer["answer"]

    def read_json(self, schema: str, values: Iterable[bytes | None]) -> list[list[Any]]:
        """A row for each value: its fields, times in milliseconds since 1970, and the refusal."""
        found: list[list[Any]] = self._ask("read_json", schema=schema, values=[_base64(value) for value in values])
        return found

    def json_time(self, name: str, values: Iterable[bytes | None]) -> list[int | None]:
        """The milliseconds since 1970 for each value."""
        found: list[int | None] = self._ask("json_time", name=name, values=[_base64(value) for value in values])
        return found

    def streamed_json(self, schema: str, values: Iterable[bytes]) -> list[bytes]:
        """Each value as the format writes it once it has been read."""
        found = self._ask("streamed_json", schema=schema, values=[_base64(value) for value in values])
        return [base64.b64decode(text) for text in found]

    def series(
        self, function: str, variables: Sequence[str], steps: Sequence[Sequence[Any]], **arguments: Any
    ) -> list[dict[str, Any]]:
        """What is said at each step (`rows`), and what is `kept` after it."""
        found: list[dict[str, Any]] = self._ask(
            function, variables=", ".join(variables), steps=[list(step) for step in steps], **arguments
        )
        return found


def _base64(value: bytes | None) -> str | None:
    return None if value is None else base64.b64encode(value).decode()
