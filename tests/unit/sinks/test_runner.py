"""The runner's decisions between a scripted consumer and a scripted target."""

import pytest
from confluent_kafka import Message

from sinks import assignment
from sinks import runner as runner_module
from sinks.batch import Batch
from sinks.target import FencedError, RecordRefusedError, TargetUnavailableError
from tests.unit.sinks.fakes import P0, P1, FakeClock, Rig, end, message, numbers


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    """Every wait is one call of the consumer."""
    clock = FakeClock()
    monkeypatch.setattr(runner_module, "time", clock)
    monkeypatch.setattr(runner_module, "clock_ms", lambda: clock.now_ms)
    monkeypatch.setattr(assignment, "clock_ms", lambda: clock.now_ms)
    monkeypatch.setattr(assignment, "CLAIM_AGAIN_MS", int(runner_module.POLL_S * 1000))
    monkeypatch.setattr(runner_module, "FIRST_BACKOFF_S", runner_module.POLL_S)
    monkeypatch.setattr(runner_module, "LONGEST_BACKOFF_S", runner_module.POLL_S)
    return clock


def times(count: int, error: Exception) -> list[Exception]:
    return [error] * count


def test_partitions_wait_paused_until_they_are_claimed_and_start_where_the_target_says(clock: FakeClock) -> None:
    rig = Rig(clock, [message(5), message(6)])
    rig.target.offsets = {P0: 5}
    rig.run()

    assert rig.consumer.pauses[0] == set()
    assert rig.consumer.pauses[1] == set()
    assert rig.consumer.assigned == {P0: 5, P1: 0}
    assert rig.target.written == [[5, 6]]
    assert rig.consumer.commits[0] == {P0: 7}
    assert rig.consumer.closed
    assert rig.target.closed


def test_a_claim_that_the_target_cannot_grant_yet_keeps_the_partition_paused(clock: FakeClock) -> None:
    troubles = times(2, TargetUnavailableError("away"))
    rig = Rig(clock, [message(0)], [message(0)], *[[] for _ in range(5)], [message(0)])

    def trouble() -> None:
        if troubles:
            raise troubles.pop()

    rig.target.trouble_claiming = trouble
    rig.run()

    assert rig.consumer.pauses[1] == {P0, P1}
    assert rig.target.written == [[0]]


def test_offsets_already_taken_and_partitions_not_ours_are_passed_over(clock: FakeClock) -> None:
    rig = Rig(clock, [message(3), message(4), message(3)], [message(4), message(5)])
    rig.first_assignment = (P0,)
    rig.target.offsets = {P0: 3}
    rig.consumer.answers.append([message(0, partition=1)])
    rig.run()

    assert rig.target.written == [[3, 4], [5]]


def test_an_unavailable_target_gets_the_same_batch_again_and_then_what_came_meanwhile(clock: FakeClock) -> None:
    troubles = times(3, TargetUnavailableError("restarting"))

    def trouble(_: Batch) -> None:
        if troubles:
            raise troubles.pop()

    rig = Rig(clock, [message(0), message(1)], [message(7, partition=1)], [], [message(2)])
    rig.target.trouble = trouble
    rig.run()

    assert rig.target.written == [[0, 1], [7], [2]]
    assert rig.consumer.pauses[2] == {P0}
    assert {P0, P1} in rig.consumer.pauses
    assert rig.consumer.paused == set()
    assert rig.metrics.retries._value.get() == 3


def test_lag_counts_from_what_waits_and_is_zero_at_the_end(clock: FakeClock) -> None:
    seen: list[tuple[int | None, int | None]] = []
    rig = Rig(clock, [message(10), message(11)], [message(20, partition=1)], [], [end(12), end(21, partition=1)])
    troubles = times(2, TargetUnavailableError("restarting"))

    def trouble(batch: Batch) -> None:
        seen.append((rig.runner.assignment.states[P0].in_hand_ms, rig.runner.assignment.states[P1].in_hand_ms))
        if troubles:
            raise troubles.pop()

    rig.target.trouble = trouble
    rig.run()

    assert seen == [(10_000, None), (10_000, 20_000), (10_000, 20_000), (None, 20_000)]
    assert [state.lag_seconds(0, 0) for state in rig.runner.assignment.states.values()] == [0, 0]
    assert rig.consumer.commits[-1] == {P0: 12, P1: 21}


def test_lag_of_a_halved_batch_counts_from_the_half_that_waits(clock: FakeClock) -> None:
    seen: list[tuple[list[int], int | None]] = []

    def trouble(batch: Batch) -> None:
        seen.append((numbers(batch), rig.runner.assignment.states[P0].in_hand_ms))
        if len(batch) == 4:
            raise RecordRefusedError("no")

    rig = Rig(clock, [message(number) for number in range(4)])
    rig.target.trouble = trouble
    rig.run()

    assert seen == [([0, 1, 2, 3], 0), ([0, 1], 0), ([2, 3], 2_000)]


def test_poison_is_found_by_halving_and_everything_else_is_written_in_order(clock: FakeClock) -> None:
    poison = {3, 11, 12}

    def trouble(batch: Batch) -> None:
        if poison.intersection(numbers(batch)):
            raise RecordRefusedError("no")

    rig = Rig(
        clock, [message(number) for number in range(10)] + [message(number, partition=1) for number in range(10, 16)]
    )
    rig.target.trouble = trouble
    rig.run()

    assert [number for write in rig.target.written for number in write] == [0, 1, 2, 4, 5, 6, 7, 8, 9, 10, 13, 14, 15]
    assert rig.dead_letters.sent == [(3, "refused-by-target"), (11, "refused-by-target"), (12, "refused-by-target")]
    assert rig.target.offsets == {P0: 10, P1: 16}


def test_malformed_records_and_tombstones_only_move_the_offset(clock: FakeClock) -> None:
    rig = Rig(clock, [message(0, value=b"{"), message(1), message(2, value=None)], [message(3, value=None)])
    rig.run()

    assert rig.dead_letters.sent == [(0, "malformed")]
    assert rig.target.written == [[1], []]
    assert rig.target.offsets == {P0: 4}


def test_dead_letters_that_were_not_acknowledged_hold_the_batch_back(clock: FakeClock) -> None:
    troubles = times(2, TargetUnavailableError("broker away"))

    def trouble() -> None:
        assert rig.target.written == []
        if troubles:
            raise troubles.pop()

    rig = Rig(clock, [message(0, value=b"{"), message(1)], [], [])
    rig.dead_letters.trouble = trouble
    rig.run()

    assert rig.dead_letters.sent == [(0, "malformed")]
    assert rig.target.written == [[1]]


def test_a_dead_letter_is_not_repeated_because_the_write_is(clock: FakeClock) -> None:
    troubles = times(2, TargetUnavailableError("away"))

    def trouble(_: Batch) -> None:
        if troubles:
            raise troubles.pop()

    rig = Rig(clock, [message(0, value=b"{"), message(1)])
    rig.target.trouble = trouble
    rig.run()

    assert rig.dead_letters.sent == [(0, "malformed")]


def test_fenced_partitions_are_dropped_and_the_others_written(
    clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    fenced = [FencedError([P0])]

    def trouble(batch: Batch) -> None:
        if P0 in batch.slices and fenced:
            raise fenced[0]

    rig = Rig(clock, [message(0), message(8, partition=1)], [message(1), message(9, partition=1)])
    rig.target.trouble = trouble
    rig.run()

    assert rig.target.written == [[8], [9]]
    assert rig.consumer.paused == {P0}
    assert len(rig.target.claims) == 1
    assert rig.metrics.fenced._value.get() == 1
    assert f"another sink has claimed {P0} since; this sink's epoch no longer counts; dropping what" in caplog.text


def test_a_fenced_partition_that_stays_ours_is_claimed_anew(clock: FakeClock) -> None:
    fenced = [FencedError([P0])]

    def trouble(_: Batch) -> None:
        if fenced:
            raise fenced.pop()

    def session_passes() -> list[Message]:
        assert rig.target.claims == [[P0, P1]]
        clock.now_ms += 10_000
        return [message(0)]

    def another_writes() -> list[Message]:
        rig.target.offsets[P0] = 5
        return [message(1)]

    rig = Rig(clock, [message(0)], another_writes, session_passes, [message(4), message(5)])
    rig.target.trouble = trouble
    rig.run()

    assert rig.target.claims == [[P0, P1], [P0]]
    assert rig.target.written == [[5]]


def test_what_was_read_of_a_partition_that_leaves_is_not_written(clock: FakeClock) -> None:
    troubles = times(1, TargetUnavailableError("away"))

    def trouble(_: Batch) -> None:
        if troubles:
            raise troubles.pop()

    def leave() -> list[Message]:
        rig.consumer.take(P0)
        return []

    rig = Rig(clock, [message(0), message(8, partition=1)], leave)
    rig.target.trouble = trouble
    rig.run()

    assert rig.target.written == [[8]]
    assert P0 not in rig.consumer.commits[-1]


def test_the_last_hint_is_silent_about_partitions_that_left(clock: FakeClock) -> None:
    def leave() -> list[Message]:
        rig.consumer.take(P0)
        return []

    rig = Rig(clock, [message(0), message(8, partition=1)], leave)
    rig.run()

    assert rig.consumer.commits == [{P0: 1, P1: 9}, {P1: 9}]


def test_a_partition_lost_and_given_back_while_the_target_is_away_starts_from_the_target(clock: FakeClock) -> None:
    troubles = times(1, TargetUnavailableError("away"))

    def trouble(_: Batch) -> None:
        if troubles:
            raise troubles.pop()

    def lose_and_regain() -> list[Message]:
        rig.consumer.take(P0, lost=True)
        rig.consumer.give(P0)
        rig.target.offsets[P0] = 40
        return []

    rig = Rig(clock, [message(0)], lose_and_regain, [], [message(0), message(40)])
    rig.first_assignment = (P0,)
    rig.target.trouble = trouble
    rig.run()

    assert rig.target.written == [[40]]


def test_a_stop_while_the_target_is_away_leaves_the_batch_unwritten(
    clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    def trouble(_: Batch) -> None:
        rig.runner.stop()
        raise TargetUnavailableError("away")

    rig = Rig(clock, [message(0), message(1)])
    rig.target.trouble = trouble
    rig.run()

    assert rig.target.written == []
    assert rig.consumer.commits == []
    assert "stopping with 2 records unwritten: the next start reads them again" in caplog.text


def test_a_target_that_never_opens_ends_the_run(clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> None:
    rig = Rig(clock)
    monkeypatch.setattr(rig.runner._settings, "__dict__", rig.runner._settings.__dict__ | {"startup_timeout_s": 0.0})

    def absent() -> None:
        raise TargetUnavailableError("nobody listens")

    monkeypatch.setattr(rig.target, "open", absent)
    with pytest.raises(TargetUnavailableError, match="nobody listens"):
        rig.run()
