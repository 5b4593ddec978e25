"""What is forgotten of Flink's high availability, on an API server of the test's own that knows ConfigMaps and pods."""

import json
import threading
from collections.abc import Iterator
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from jobs import high_availability as ha

POINTERS = {"checkpointID-0000000000000000007": "pointer", "counter": "8"}
PLAN = "executionPlan-6f958399dac9ad3f587d257d463e7b9e"
LEADERS = {"org.apache.flink.k8s.leader.dispatcher": "address", PLAN: "old plan"}
HA = {"app": "iso-jobs", **ha.FLINK_LABELS}


class Server(HTTPServer):
    """Namespace `weather`: ConfigMaps with labels and data; pods that vanish one list at a time."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.configmaps: dict[str, dict[str, Any]] = {}
        self.pods: list[str] = []
        self.pods_stay = False
        self.status = 200
        self.seen: list[tuple[str, str, str | None]] = []


class Handler(BaseHTTPRequestHandler):
    """GET, POST, PATCH and DELETE as the API server does them."""

    server: Server

    def _handle(self) -> None:
        parts, body = urlsplit(self.path), self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.seen.append((self.command, self.path, self.headers["Authorization"]))
        path = parts.path.removeprefix("/api/v1/namespaces/weather/").split("/")
        answer: dict[str, Any] | None
        if path == ["pods"]:
            answer = {"items": [{"metadata": {"name": name}} for name in self.server.pods]}
            if not self.server.pods_stay:
                self.server.pods = self.server.pods[1:]
        elif path == ["configmaps"] and self.command == "POST":
            made = json.loads(body)
            self.server.configmaps[made["metadata"]["name"]] = {**made["metadata"], "data": made["data"]}
            answer = made
        elif path == ["configmaps"]:
            wanted = dict(pair.split("=") for pair in parse_qs(parts.query)["labelSelector"][0].split(","))
            found = [n for n, m in self.server.configmaps.items() if wanted.items() <= m["labels"].items()]
            answer = {"items": [{"metadata": {"name": name}} for name in found]}
        else:
            answer = self._one(path[1], body)
        status = self.server.status if answer is not None else 404
        text = json.dumps(answer or {"reason": "NotFound"}).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = do_PATCH = do_DELETE = _handle  # noqa: N815 (the names are the library's)

    def _one(self, name: str, body: bytes) -> dict[str, Any] | None:
        found = self.server.configmaps.get(name)
        if found is None:
            return None
        if self.command == "DELETE":
            return self.server.configmaps.pop(name)
        if self.command == "PATCH":
            assert self.headers["Content-Type"] == "application/json-patch+json"
            for change in json.loads(body):
                key = change["path"].removeprefix("/data/").replace("~1", "/").replace("~0", "~")
                if change["op"] == "remove":
                    del found["data"][key]
                else:
                    assert change["op"] == "replace"
                    found["data"][key] = change["value"]
        return found

    def log_message(self, *_: Any) -> None:
        """Quiet."""


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def api(server: Server) -> ha.Api:
    return ha.Api(lambda: HTTPConnection("127.0.0.1", server.server_port, timeout=5), "weather", "the-token")


def test_the_plan_goes_and_the_pointers_stay(server: Server, api: ha.Api, capsys: pytest.CaptureFixture[str]) -> None:
    server.configmaps["iso-jobs-cluster-config-map"] = {"labels": HA, "data": dict(LEADERS)}
    server.configmaps["iso-jobs-1234-config-map"] = {"labels": HA, "data": dict(POINTERS)}

    assert ha.main(["forget-plan", "--cluster-id", "iso-jobs", "--settings", "new"], api) == 0

    assert capsys.readouterr().out == f"forget-plan: {PLAN}\n"
    assert server.configmaps["iso-jobs-cluster-config-map"]["data"] == {
        name: value for name, value in LEADERS.items() if name != PLAN
    }
    assert server.configmaps["iso-jobs-1234-config-map"]["data"] == POINTERS
    assert {token for _, _, token in server.seen} == {"Bearer the-token"}


def test_a_crash_forgets_nothing_and_other_settings_forget_again(server: Server, api: ha.Api) -> None:
    server.configmaps["iso-jobs-cluster-config-map"] = {"labels": HA, "data": dict(LEADERS)}

    assert ha.forget_plan(api, "iso-jobs", "old") == [PLAN]
    server.configmaps["iso-jobs-cluster-config-map"]["data"][PLAN] = "of the old settings"
    assert ha.forget_plan(api, "iso-jobs", "old") == []
    assert server.configmaps["iso-jobs-cluster-config-map"]["data"][PLAN] == "of the old settings"
    assert ha.forget_plan(api, "iso-jobs", "new") == [PLAN]
    assert server.configmaps["iso-jobs-planned-by"] == {
        "name": "iso-jobs-planned-by",
        "labels": HA,
        "data": {"settings": "new"},
    }


def test_a_first_start_has_nothing_to_forget(api: ha.Api, capsys: pytest.CaptureFixture[str]) -> None:
    assert ha.main(["forget-plan", "--cluster-id", "iso-jobs", "--settings", "new"], api) == 0
    assert capsys.readouterr().out == "forget-plan: nothing to forget\n"


def test_all_is_forgotten_once_no_job_manager_runs(server: Server, api: ha.Api) -> None:
    server.configmaps = {
        "iso-jobs-cluster-config-map": {"labels": HA, "data": {}},
        "iso-jobs-1234-config-map": {"labels": HA, "data": {}},
        "other-jobs-cluster-config-map": {"labels": {**HA, "app": "other-jobs"}, "data": {}},
        "iso-jobs": {"labels": {"app": "iso-jobs"}, "data": {}},
    }
    server.pods = ["jobmanager-old", "jobmanager-old"]
    waits: list[float] = []

    assert ha.forget_all(api, "iso-jobs", {"component": "jobmanager"}, waits.append) == [
        "iso-jobs-cluster-config-map",
        "iso-jobs-1234-config-map",
    ]

    assert list(server.configmaps) == ["other-jobs-cluster-config-map", "iso-jobs"]
    assert waits == [1.0, 1.0]


def test_a_job_manager_that_stays_is_named(server: Server, api: ha.Api) -> None:
    server.configmaps["iso-jobs-cluster-config-map"] = {"labels": HA, "data": {}}
    server.pods = ["jobmanager-1"]
    server.pods_stay = True

    with pytest.raises(ha.ApiError) as error:
        ha.forget_all(api, "iso-jobs", {"component": "jobmanager"}, lambda _: None, timeout_s=3)

    assert str(error.value) == "expected no pod of iso-jobs after 3 s, found jobmanager-1"
    assert list(server.configmaps) == ["iso-jobs-cluster-config-map"]


def test_what_the_server_refuses_is_said(server: Server, api: ha.Api, capsys: pytest.CaptureFixture[str]) -> None:
    server.configmaps["iso-jobs-cluster-config-map"] = {"labels": HA, "data": {}}
    server.status = 403

    assert ha.main(["forget-plan", "--cluster-id", "iso-jobs", "--settings", "new"], api) == 1
    assert capsys.readouterr().err == (
        "error: GET /configmaps/iso-jobs-cluster-config-map: expected success, found 403 Forbidden:"
        ' {"labels": {"app": "iso-jobs", "type": "flink-native-kubernetes"}, "data": {}}\n'
    )


def test_a_server_that_does_not_answer_is_said(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    api = ha.Api(lambda: HTTPConnection("127.0.0.1", 1, timeout=1), "weather", "t")

    assert ha.main(["forget-plan", "--cluster-id", "x", "--settings", "new"], api) == 1
    assert capsys.readouterr().err == (
        "error: GET /configmaps/x-planned-by: no answer from the API server ([Errno 111] Connection refused)\n"
    )
