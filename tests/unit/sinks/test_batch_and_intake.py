"""How messages become a batch, and how a batch is halved."""

import pytest
from confluent_kafka import TIMESTAMP_CREATE_TIME, KafkaError, KafkaException, Message

from sinks.batch import Batch
from sinks.intake import Intake
from sinks.partitions import Partition, PartitionState
from tests.unit.sinks.fakes import P0, P1, ROUTES, START, TOPIC, end, message, numbers


def claimed(*partitions: Partition) -> dict[Partition, PartitionState]:
    return {partition: PartitionState(0, expected=0) for partition in partitions}


def batch(*messages: Message) -> Batch:
    return Intake(ROUTES).sort(messages, claimed(P0, P1)).batch


def test_slices_are_by_partition_in_order_with_offsets_that_may_have_gaps() -> None:
    made = batch(message(3), message(1, partition=1), message(7), message(8, value=None))

    assert [(part.partition, part.next_offset, len(part.records)) for part in made] == [(P0, 9, 2), (P1, 2, 1)]
    assert numbers(made) == [3, 7, 1]
    assert [(part.oldest_append_ms, part.newest_append_ms) for part in made] == [(3_000, 8_000), (1_000, 1_000)]
    assert [part.newest_event_at for part in made] == [START.replace(minute=7), START.replace(minute=1)]


def test_the_end_of_a_partition_passes_markers() -> None:
    states = claimed(P0, P1)
    delivery = Intake(ROUTES).sort([message(3), end(9), end(4, partition=1)], states)

    assert delivery.ends == {P0: 9, P1: 4}
    assert [part.next_offset for part in delivery.batch] == [9]
    assert [(state.at_end, state.expected) for state in states.values()] == [(True, 9), (True, 4)]


def test_a_record_after_the_end_is_news() -> None:
    states = claimed(P0)
    Intake(ROUTES).sort([end(3), message(3)], states)
    assert not states[P0].at_end


def test_refusals_keep_their_bytes_and_reason() -> None:
    (part,) = batch(message(0, value=b"\xff"), message(1, value=b"[]"))

    assert [(refusal.message.value(), refusal.kind) for refusal in part.refused] == [
        (b"\xff", "malformed"),
        (b"[]", "malformed"),
    ]
    assert part.refused[1].reason == "not a WeatherObservation: Expected `object`, got `array`"
    assert (part.records, part.next_offset) == ([], 2)


def test_bytes_are_counted_by_topic() -> None:
    delivery = Intake(ROUTES).sort([message(0, value=b"12345"), message(1, value=None)], claimed(P0))
    assert delivery.bytes_read == {TOPIC: 5}


def test_timestamps_of_producers_are_told_once(caplog: pytest.LogCaptureFixture) -> None:
    batch(message(0, stamp=TIMESTAMP_CREATE_TIME), message(1, stamp=TIMESTAMP_CREATE_TIME))
    sentence = (
        f"topic {TOPIC} stamps records with the producer's time, so isobar_lag_seconds is not what it says: "
        "set message.timestamp.type=LogAppendTime"
    )
    assert caplog.messages == [sentence]


def test_an_error_that_waiting_mends_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    missing = Message(topic=TOPIC, partition=0, error=KafkaError(KafkaError.UNKNOWN_TOPIC_OR_PART, "no such topic"))
    assert not batch(missing, missing)
    assert caplog.messages == ["Kafka: no such topic; going on (said once)"]


def test_an_error_that_waiting_does_not_mend_ends_the_run() -> None:
    with pytest.raises(KafkaException, match="not for you"):
        batch(Message(topic=TOPIC, error=KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED, "not for you")))


@pytest.mark.parametrize("size", range(2, 9))
def test_halves_of_a_slice_do_together_what_it_does(size: int) -> None:
    whole = batch(*[message(10 * number) for number in range(size)], end(999))
    first, second = (next(iter(half)) for half in whole.halves())

    assert numbers(Batch({P0: first})) + numbers(Batch({P0: second})) == [10 * number for number in range(size)]
    assert first.next_offset == second.messages[0].offset()
    assert second.next_offset == 999
    assert (first.oldest_append_ms, second.newest_append_ms) == (0, 10_000 * (size - 1))
    assert first.newest_append_ms < second.oldest_append_ms


def test_halves_of_several_partitions_are_whole_partitions() -> None:
    first, second = batch(message(0), message(1), message(2, partition=1)).halves()
    assert (list(first.slices), list(second.slices)) == ([P0], [P1])
