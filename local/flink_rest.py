"""The few calls to Flink's REST interface that the stack needs."""

from __future__ import annotations

import http.client
import json
from typing import Any

from local.ports import HOST

# The JobManager answers in milliseconds; under full load of two cores in a second or two.
REQUEST_TIMEOUT_S = 10.0


class FlinkRest:
    """http.client rather than a library: no proxy of the environment may come between us and 127.0.0.1."""

    def __init__(self, port: int) -> None:
        self.port = port

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    def get(self, path: str) -> Any:
        return self.request("GET", path)

    def request(self, method: str, path: str, body: object = None) -> Any:
        """The decoded answer; raises OSError when nobody answers and FlinkRestError on a refusal."""
        connection = http.client.HTTPConnection(HOST, self.port, timeout=REQUEST_TIMEOUT_S)
        try:
            payload = None if body is None else json.dumps(body)
            connection.request(method, path, payload, {"Content-Type": "application/json"})
            response = connection.getresponse()
            text = response.read().decode()
        finally:
            connection.close()
        if response.status >= 400:
            raise FlinkRestError(response.status, f"{method} {path}: Flink answered {response.status}: {text[:500]}")
        return json.loads(text) if text else None

    def answers(self) -> bool:
        try:
            self.get("/overview")
        except (OSError, http.client.HTTPException, FlinkRestError):
            return False
        return True

    def registered_taskmanagers(self) -> int:
        try:
            return int(self.get("/overview")["taskmanagers"])
        except (OSError, http.client.HTTPException, FlinkRestError):
            return 0

    def job_state(self, job_id: str) -> str:
        """RUNNING only when every task of the job runs; else the job's own state."""
        job = self.get(f"/jobs/{job_id}")
        running = all(vertex["status"] in ("RUNNING", "FINISHED") for vertex in job["vertices"])
        return "DEPLOYING" if job["state"] == "RUNNING" and not running else str(job["state"])

    def root_exception(self, job_id: str) -> str:
        """Why the job last failed, first line of each cause; empty if it never did."""
        entries = self.get(f"/jobs/{job_id}/exceptions")["exceptionHistory"]["entries"]
        if not entries:
            return ""
        lines = str(entries[0]["stacktrace"]).splitlines()
        return "\n".join(line for line in lines if not line.startswith(("\tat ", "\t...")))


class FlinkRestError(RuntimeError):
    """Flink refused a request."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
