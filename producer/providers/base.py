"""What a provider is, and what its siblings share about answers that are no data.

A provider knows its own wire format and nothing of schedules, budgets, Kafka or state: it is handed `ask`, which
sends a request and returns an answer of success, and gives back observations with revision 0. To add one: a file
here that fits `Provider`, its key and base URL in `producer.settings`, its line in `producer.weather.SOURCES`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import msgspec

from contracts.types import WeatherObservation
from producer.budget import Limit
from producer.errors import KeyRefusedError, OutageError, ProviderError, QuotaError, RefusedError, UnreadableError
from producer.http import STATUS_OK, KeyPlace, Request, Response
from producer.places import Place
from producer.retry_after import retry_after_s

Ask = Callable[[Request], Response]

TOO_MANY_REQUESTS, REQUEST_TIMEOUT, FIRST_SERVER_ERROR = 429, 408, 500
KEY_STATUSES = frozenset({401, 403})
MESSAGE_FIELDS = ("message", "Message", "description", "detail", "title", "reason", "type")


@dataclass(frozen=True, slots=True)
class Parsed:
    """What an answer held: observations in order of time, and a sentence for each row that is none."""

    observations: list[WeatherObservation]
    refused: list[str] = field(default_factory=list)


class Provider(Protocol):
    """One weather provider. All attributes are facts of its documentation."""

    name: str
    """The record's source; also the `--source` of the command line."""
    key_place: KeyPlace | None
    limit: Limit
    interval_s: int
    """How often a place is worth asking for."""
    quota_wait_s: int
    """How long to leave the host alone after a quota answer that names no time."""

    def locate(self, place: Place, ask: Ask) -> str:
        """The provider's own name of the place; asked once and remembered."""
        ...

    def observe(self, location: str, ask: Ask) -> Parsed:
        """All observations the provider has of a location, history included."""
        ...

    def fault(self, response: Response) -> ProviderError | None:
        """What an answer that is no success means; None for a success."""
        ...


def body_message(response: Response) -> str:
    """The provider's own words about an error, from JSON in any of the known shapes or from plain text."""
    try:
        body: Any = msgspec.json.decode(response.body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return response.text() or "an empty body"
    if isinstance(body, dict):
        for name in MESSAGE_FIELDS:
            if isinstance(body.get(name), str) and body[name]:
                return " ".join(str(body[name]).split())[:200]
    return response.text() or "an empty body"


def fault_by_status(provider: str, response: Response) -> ProviderError | None:
    """The usual meaning of a status; a provider's `fault` looks at its own peculiarities first."""
    if response.status == STATUS_OK:
        return None
    said = f"{provider} answered {response.status}: {body_message(response)}"
    wait_s = retry_after_s(response)
    if response.status == TOO_MANY_REQUESTS:
        return QuotaError(said, wait_s)
    if response.status in KEY_STATUSES:
        return KeyRefusedError(f"{said}; expected a key that is active for this product: check the key")
    if response.status == REQUEST_TIMEOUT or response.status >= FIRST_SERVER_ERROR:
        return OutageError(said, wait_s)
    return RefusedError(said)


def json_body(provider: str, response: Response) -> Any:
    """The body as JSON.

    Raises:
        UnreadableError: it is none. (NaN and Infinity are none either.)
    """
    try:
        return msgspec.json.decode(response.body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UnreadableError(f"{provider}: expected a JSON body, found {response.text(80)!r} ({error})") from None
