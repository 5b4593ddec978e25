"""Keeps API keys out of every log line and error text.

Keys are applied to a request at the last moment (`producer.http`), so our own texts never hold one. Libraries below
us do build texts from the full URL (`requests` in its exceptions, `urllib3` in its debug log): whatever they say passes
through here before a person sees it.
"""

import logging
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

REDACTED = "[redacted]"


class Redactor(logging.Filter):
    """Replaces secrets in texts; as a filter on a log handler, in every record that passes."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        super().__init__()
        self._spellings: list[str] = []
        for secret in secrets:
            self.add(secret)

    def add(self, secret: str) -> None:
        """Hides this secret from now on, also as it is spelled in a URL. An empty one is no secret."""
        spellings = {secret, quote(secret), quote(secret, safe=""), quote_plus(secret)}
        # The longest first: a secret that is part of another must not leave the other's rest behind.
        self._spellings = sorted({*self._spellings, *spellings} - {""}, key=len, reverse=True)

    def scrub(self, text: str) -> str:
        """The text without secrets."""
        for spelling in self._spellings:
            text = text.replace(spelling, REDACTED)
        return text

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrites the record in place; always lets it pass."""
        record.msg, record.args = self.scrub(record.getMessage()), ()
        if record.exc_info:
            record.exc_text = self.scrub(logging.Formatter().formatException(record.exc_info))
            record.exc_info = None
        return True
