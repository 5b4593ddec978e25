"""The current time in the form records carry."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """Now in UTC, whole milliseconds: what the contract's timestamps can hold."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)
