"""Dead letters: the original bytes as value; where, why and when in headers that every component writes alike."""

from datetime import UTC, datetime

from contracts.wire import utc

REASON = "reason"
COMPONENT = "component"
SOURCE_TOPIC = "source-topic"
SOURCE_PARTITION = "source-partition"
SOURCE_OFFSET = "source-offset"
FAILED_AT = "failed-at"
ATTEMPT = "attempt"

HEADERS = (REASON, COMPONENT, SOURCE_TOPIC, SOURCE_PARTITION, SOURCE_OFFSET, FAILED_AT, ATTEMPT)


def headers(
    reason: str,
    component: str,
    topic: str,
    partition: int,
    offset: int,
    attempt: int = 1,
    failed_at: datetime | None = None,
) -> list[tuple[str, bytes]]:
    """The headers of one dead letter.

    Args:
        reason: a sentence: what was expected, what was found.
        component: who refused it (`process-weather`, `sink-postgres`).
        topic, partition, offset: the refused record.
        attempt: 1 at first; a redrive that fails again counts on.
        failed_at: now if not given.
    """
    values = (reason, component, topic, str(partition), str(offset), utc(failed_at or datetime.now(UTC)), str(attempt))
    return [(name, value.encode()) for name, value in zip(HEADERS, values, strict=True)]
