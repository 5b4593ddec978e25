"""What can go wrong in the producer, one class per cure.

A quota answer and an outage look alike (no data) and need opposite cures: an outage is asked again soon, a quota is
left alone until it renews. So they are different types, and each carries the label under which `/metrics` counts
it.
"""

from datetime import datetime
from typing import ClassVar


class ProducerError(Exception):
    """Ends the command; its text is the sentence a person reads."""


class DeliveryError(ProducerError):
    """Kafka did not take what was sent."""


class FencedError(DeliveryError):
    """Another poller of the same source took over; this one must not publish again."""


class PlacesError(ProducerError):
    """`--places` cannot be read."""


class CassetteError(ProducerError):
    """A cassette cannot be read or does not hold what was asked."""


class DatasetError(ProducerError):
    """A dataset could not be fetched, or is not the file it should be."""


class ProviderError(Exception):
    """A provider's answer that brings no observations. `outcome` is its label in the metrics."""

    outcome: ClassVar[str]

    def __init__(self, text: str, retry_after_s: float | None = None) -> None:
        super().__init__(text)
        self.retry_after_s = retry_after_s


class OutageError(ProviderError):
    """No connection, a timeout, or a 5xx: ask again soon, later each time."""

    outcome = "outage"


class QuotaError(ProviderError):
    """The provider says that too much was asked: leave the whole host alone for a while."""

    outcome = "quota"


class KeyRefusedError(ProviderError):
    """The key is wrong, not active yet, or of another product: asking again soon changes nothing."""

    outcome = "key_refused"


class RefusedError(ProviderError):
    """The request itself is refused (unknown place, malformed station name)."""

    outcome = "refused"


class UnreadableError(ProviderError):
    """An answer of success whose body is not what the provider documents."""

    outcome = "unreadable"


class BudgetError(ProviderError):
    """Our own budget for the host is used up; no request was made."""

    outcome = "budget"

    def __init__(self, text: str, free_at: datetime) -> None:
        super().__init__(text)
        self.free_at = free_at


class RowError(ValueError):
    """One row of an answer cannot be an observation; the others can."""
