"""One question to a provider: what is asked (without the key), what came back, and the client that carries it.

`Request` never holds the API key; the client adds it when it sends. So whatever is logged, recorded or raised about a
request cannot leak it, and the rest (texts of libraries, bodies that echo the URL) is scrubbed here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol
from urllib.parse import urlencode, urlsplit

import requests
from pydantic import SecretStr

from contracts.metrics import isobar_version
from producer.errors import OutageError
from producer.redaction import Redactor

CONNECT_TIMEOUT_S = 5.0
STATUS_OK, STATUS_NOT_MODIFIED = 200, 304
KEPT_HEADERS = ("content-type", "etag", "last-modified", "retry-after", "cache-control", "date")
"""What we use or want in a recording. Cookies and the gateway's tracing headers stay out."""


@dataclass(frozen=True, slots=True)
class KeyPlace:
    """Where a provider wants its key."""

    kind: Literal["header", "query"]
    name: str


@dataclass(frozen=True, slots=True)
class Request:
    """A GET, without its key."""

    url: str
    params: Mapping[str, str] = field(default_factory=dict)

    @property
    def host(self) -> str:
        """The host whose budget it uses."""
        return urlsplit(self.url).netloc

    def __str__(self) -> str:
        return f"GET {self.url}" + (f"?{urlencode(self.params)}" if self.params else "")


@dataclass(frozen=True, slots=True)
class Response:
    """What came back; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def text(self, limit: int = 200) -> str:
        """The beginning of the body on one line, for an error text."""
        return " ".join(self.body.decode("utf-8", "replace").split())[:limit]


class Client(Protocol):
    """Whatever answers requests: the network, or a cassette."""

    def send(self, request: Request, conditions: Mapping[str, str]) -> Response:
        """The answer, whatever its status. `conditions` are headers of a conditional request."""
        ...


class HttpClient:
    """The network: one session (and so one pool of connections) per host."""

    def __init__(self, key_place: KeyPlace | None, key: SecretStr | None, timeout_s: float, redactor: Redactor) -> None:
        self._key_place, self._key, self._redactor = key_place, key, redactor
        self._timeout = (CONNECT_TIMEOUT_S, timeout_s)
        self._sessions: dict[str, requests.Session] = {}
        if key is not None:
            redactor.add(key.get_secret_value())

    def send(self, request: Request, conditions: Mapping[str, str]) -> Response:
        """Asks once.

        Raises:
            OutageError: no connection, or no complete answer in time.
        """
        headers, params = dict(conditions), dict(request.params)
        if self._key_place and self._key:
            target = headers if self._key_place.kind == "header" else params
            target[self._key_place.name] = self._key.get_secret_value()
        try:
            # A redirect would carry the key's header to whatever host it names, so none is followed.
            answer = self._session(request.host).get(
                request.url, params=params, headers=headers, timeout=self._timeout, allow_redirects=False
            )
        except requests.RequestException as error:
            # Not chained: the cause's text and attributes hold the URL as sent.
            raise OutageError(
                self._redactor.scrub(f"{request} got no answer: {type(error).__name__}: {error}")
            ) from None
        kept = {name: answer.headers[name] for name in KEPT_HEADERS if name in answer.headers}
        return Response(answer.status_code, kept, self._without_key(answer.content))

    def _without_key(self, body: bytes) -> bytes:
        if not self._key:
            return body
        return self._redactor.scrub(body.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")

    def _session(self, host: str) -> requests.Session:
        if host not in self._sessions:
            session = requests.Session()
            session.headers["User-Agent"] = f"isobar/{isobar_version()}"
            self._sessions[host] = session
        return self._sessions[host]
