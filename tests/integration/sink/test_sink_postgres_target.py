"""The target by itself: claims, fencing, and a COMMIT whose answer got lost."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import msgspec
import pytest
from confluent_kafka import Message

from contracts import wire
from sinks.batch import Batch, Slice
from sinks.partitions import Partition, PartitionState
from sinks.target import FROM_EARLIEST, FencedError, TargetBrokenError, TargetUnavailableError
from sinks.targets.postgres import PostgresTarget
from tests.integration.sink.harness import Harness, enriched

pytestmark = pytest.mark.integration


def batch(harness: Harness, *numbers: int, partition: int = 0) -> Batch:
    topic = harness.catalogue.enriched.name
    records: list[msgspec.Struct] = [enriched(number) for number in numbers]
    messages = [
        Message(topic=topic, partition=partition, offset=number, value=wire.encode(record))
        for number, record in zip(numbers, records, strict=True)
    ]
    event_at = harness.routes[topic].event_at
    place = Partition(topic, partition)
    return Batch({place: Slice(place, PartitionState(0), numbers[-1] + 1, 0, 0, event_at, messages, records)})


@pytest.fixture
def another(harness: Harness) -> Iterator[Callable[..., PostgresTarget]]:
    """Makes targets, each with a connection of its own, as other sinks would have."""
    with ExitStack() as stack:

        def make(kind: type[PostgresTarget] = PostgresTarget, group: str = "group") -> PostgresTarget:
            target = kind(harness.dsn, group, harness.routes)
            stack.callback(target.close)
            return target

        yield make


@pytest.fixture
def target(another: Callable[..., PostgresTarget]) -> PostgresTarget:
    target = another()
    target.open()
    return target


def test_a_claim_says_where_to_start_and_raises_the_epoch(
    harness: Harness, target: PostgresTarget, another: Callable[..., PostgresTarget]
) -> None:
    zero, one = (Partition(harness.catalogue.enriched.name, number) for number in (0, 1))
    claims = target.claim([one, zero])
    assert [(claims[p].start, claims[p].epoch, claims[p].newest_event_at) for p in (zero, one)] == [
        (FROM_EARLIEST, 1, None),
        (FROM_EARLIEST, 1, None),
    ]
    assert target.write(batch(harness, 0, 1, 2)) == 3

    again = another().claim([zero])
    assert (again[zero].start, again[zero].epoch) == (3, 2)
    assert again[zero].newest_event_at == enriched(2).observed_at
    other_group = another(group="another").claim([zero])
    assert (other_group[zero].start, other_group[zero].epoch) == (FROM_EARLIEST, 1)


def test_a_write_after_another_claim_changes_nothing(
    harness: Harness, target: PostgresTarget, another: Callable[..., PostgresTarget]
) -> None:
    zero, one = (Partition(harness.catalogue.enriched.name, number) for number in (0, 1))
    target.claim([zero, one])
    another().claim([zero])
    both = Batch({**batch(harness, 0, 1).slices, **batch(harness, 5, partition=1).slices})

    with pytest.raises(FencedError) as raised:
        target.write(both)

    assert raised.value.partitions == (zero,)
    assert str(raised.value) == f"another sink has claimed {zero} since; this sink's epoch no longer counts"
    assert harness.rows() == 0
    assert target.write(both.keep(lambda part: part.partition == one)) == 1


def test_a_partition_never_claimed_is_fenced(harness: Harness, target: PostgresTarget) -> None:
    with pytest.raises(FencedError):
        target.write(batch(harness, 0))
    assert harness.rows() == 0


def test_a_batch_whose_commit_was_not_answered_is_written_once(
    harness: Harness, another: Callable[..., PostgresTarget]
) -> None:
    class Interrupted(PostgresTarget):
        """Loses its connection right after the server committed: the answer never comes."""

        lose = True

        def write(self, batch: Batch) -> int:
            with self._translated():
                changed = super().write(batch)
                if self.lose and self._connection is not None:
                    self.lose = False
                    backend = self._connection.info.backend_pid
                    harness.query(f"SELECT pg_terminate_backend({backend}, 5000)")
                    self._connection.execute("SELECT 1")
            return changed

    harness.keep_journal()
    target = another(Interrupted)
    target.claim([Partition(harness.catalogue.enriched.name, 0)])
    with pytest.raises(TargetUnavailableError, match="terminating connection"):
        target.write(batch(harness, 0, 1, 2))

    assert target.write(batch(harness, 0, 1, 2)) == 0
    assert target.write(batch(harness, 3)) == 1
    assert harness.rows("journal") == 4


def test_a_database_that_is_not_there_is_unavailable_and_its_password_stays_untold() -> None:
    target = PostgresTarget("postgresql://isobar:secret@127.0.0.1:1/isobar", "group", {})
    with pytest.raises(TargetUnavailableError, match="Connection refused") as raised:
        target.open()
    assert "secret" not in str(raised.value)


def test_what_waiting_does_not_mend_ends_the_sink(harness: Harness, target: PostgresTarget) -> None:
    target.claim([Partition(harness.catalogue.enriched.name, 0)])
    with harness.connect() as connection:
        connection.execute("DROP TABLE weather_enriched CASCADE")
    with pytest.raises(TargetBrokenError, match=r"postgres: relation .weather_enriched. does not exist"):
        target.write(batch(harness, 0))
