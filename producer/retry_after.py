"""The Retry-After header: seconds or a date, and never longer than we are willing to believe."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from producer.clock import utc_now
from producer.http import Response

CAP_S = 3600.0  # one early request an hour costs less than being silent for a week on a broken header


def retry_after_s(response: Response, now: datetime | None = None) -> float | None:
    """Seconds to wait, within 0 and the cap; None if the header is absent or unreadable."""
    value = response.headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return min(float(value), CAP_S)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max((moment - (now or utc_now())).total_seconds(), 0.0), CAP_S)
