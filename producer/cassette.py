"""A provider's answers in a file: JSON lines of request (without its key), status, headers and body.

Replaying makes no network request. Answers to one request are played in the order they were recorded; when they are
used up, the cassette has ended for that request.
"""

import base64
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from producer.errors import CassetteError
from producer.http import Client, Request, Response


class CassetteEnd(Exception):  # noqa: N818 - the end of a recording is no error
    """No further answer to this request is recorded."""


class Entry(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line. A body that is not UTF-8 is kept as base64."""

    url: str
    status: int
    params: dict[str, str] = {}
    headers: dict[str, str] = {}
    body: str = ""
    body_base64: str = ""

    def response(self) -> Response:
        """The answer as the client gave it."""
        body = base64.b64decode(self.body_base64) if self.body_base64 else self.body.encode()
        return Response(self.status, self.headers, body)


def _entry(request: Request, response: Response) -> Entry:
    parts: dict[str, Any] = {
        "url": request.url,
        "params": dict(request.params),
        "status": response.status,
        "headers": dict(response.headers),
    }
    try:
        return Entry(body=response.body.decode(), **parts)
    except UnicodeDecodeError:
        return Entry(body_base64=base64.b64encode(response.body).decode(), **parts)


class Recorder:
    """Passes requests on and appends each answer to the file at once, so that a crash loses none before it."""

    def __init__(self, client: Client, path: Path) -> None:
        self._client, self._path = client, path
        try:
            path.touch()
        except OSError as error:
            raise CassetteError(f"--record {path} cannot be written ({error.strerror}): expected a file path") from None

    def send(self, request: Request, conditions: Mapping[str, str]) -> Response:
        """The client's answer, recorded."""
        response = self._client.send(request, conditions)
        with self._path.open("ab") as file:
            file.write(msgspec.json.encode(_entry(request, response)) + b"\n")
        return response


class Player:
    """Answers from a recording. `any_request` plays every answer in file order, whatever is asked."""

    def __init__(self, path: Path, *, any_request: bool = False) -> None:
        self._path, self._any = path, any_request
        self._answers: dict[tuple[str, ...], deque[Entry]] = {}
        self._known: set[tuple[str, ...]] = set()
        for entry in self._read(path):
            self._answers.setdefault(self._key(Request(entry.url, entry.params)), deque()).append(entry)
        self._known = set(self._answers)

    @staticmethod
    def _read(path: Path) -> list[Entry]:
        try:
            lines = path.read_bytes().splitlines()
        except OSError as error:
            raise CassetteError(
                f"--cassette {path} cannot be read ({error.strerror}): expected a recorded file"
            ) from None
        entries = []
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                entries.append(msgspec.json.decode(line, type=Entry))
            except msgspec.DecodeError as error:
                raise CassetteError(
                    f"--cassette {path} line {number}: expected an object with url, status, headers and body,"
                    f" found another ({error})"
                ) from None
        return entries

    def _key(self, request: Request) -> tuple[str, ...]:
        # The host is left out: a recording made against one base URL plays against another.
        path = "/" + request.url.split("://", 1)[-1].partition("/")[2]
        return () if self._any else (path, *(f"{name}={value}" for name, value in sorted(request.params.items())))

    def send(self, request: Request, conditions: Mapping[str, str]) -> Response:
        """The next recorded answer.

        Raises:
            CassetteEnd: all recorded answers to this request have been played.
            CassetteError: nothing was ever recorded for it.
        """
        key = self._key(request)
        if key not in self._known:
            recorded = "; ".join(sorted(" ".join(key) for key in self._known)) or "nothing"
            raise CassetteError(
                f"--cassette {self._path}: expected an answer to {request}, found answers only to: {recorded};"
                " give the --places of the recording"
            )
        if not self._answers[key]:
            raise CassetteEnd
        return self._answers[key].popleft().response()
