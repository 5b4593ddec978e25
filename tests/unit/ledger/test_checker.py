"""Each violation made by hand, then by property: whatever is done to a ledger is what the checker says was done."""

from hypothesis import given
from hypothesis import strategies as st

from tests.ledger.checker import Entry, Kind, check, newest


def made(key: str, number: int, revision: int = 0, where: str = "") -> Entry:
    return Entry(key, (key, str(number)), revision, where or f"{key}{number}")


LEDGER = [made("a", 1), made("b", 1), made("a", 2), made("b", 2), made("a", 3)]


def kinds(arrived: list[Entry], *, ordered: bool = True) -> list[tuple[Kind, tuple[str, ...]]]:
    return [(violation.kind, violation.entry.name) for violation in check(LEDGER, arrived, ordered=ordered)]


def test_the_same_sequence_is_clean() -> None:
    assert kinds(LEDGER) == []


def test_keys_may_interleave_in_any_way() -> None:
    assert kinds([made("b", 1), made("b", 2), made("a", 1), made("a", 2), made("a", 3)]) == []


def test_a_lost_record_is_named() -> None:
    assert [str(v) for v in check(LEDGER, LEDGER[:2] + LEDGER[3:])] == [
        "lost: a/2 revision 0 (a2): was produced, but never arrived"
    ]


def test_nothing_arrived_is_everything_lost() -> None:
    assert kinds([]) == [(Kind.LOST, entry.name) for entry in LEDGER]


def test_a_repeated_record_is_named_with_its_first_arrival() -> None:
    again = made("b", 1, where="row 6")

    assert [str(v) for v in check(LEDGER, [*LEDGER, again])] == [
        "repeated: b/1 revision 0 (row 6): arrived before, at b1"
    ]


def test_a_record_out_of_order_is_named_with_what_overtook_it() -> None:
    arrived = [made("a", 1), made("a", 3), made("a", 2), made("b", 1), made("b", 2)]

    assert [str(v) for v in check(LEDGER, arrived)] == [
        "out of order: a/2 revision 0 (a2): arrived after a/3 revision 0 (a3), which was produced later"
    ]
    assert kinds(arrived, ordered=False) == []


def test_every_record_that_was_overtaken_is_named() -> None:
    arrived = [made("a", 3), made("a", 1), made("a", 2), made("b", 1), made("b", 2)]

    assert kinds(arrived) == [(Kind.OUT_OF_ORDER, ("a", "1")), (Kind.OUT_OF_ORDER, ("a", "2"))]


def test_a_record_nobody_produced_is_extra() -> None:
    assert kinds([*LEDGER, made("c", 9)]) == [(Kind.EXTRA, ("c", "9"))]


def test_another_revision_is_another_record() -> None:
    assert kinds([*LEDGER[:4], made("a", 3, revision=1)]) == [(Kind.EXTRA, ("a", "3")), (Kind.LOST, ("a", "3"))]


def test_a_table_of_newest_revisions_holds_the_highest_of_each() -> None:
    produced = [made("a", 1), made("a", 1, 2), made("a", 1, 1), made("b", 1), made("b", 1, where="again")]

    assert [(e.name, e.revision, e.where) for e in newest(produced)] == [(("a", "1"), 2, "a1"), (("b", "1"), 0, "b1")]


@given(st.data())
def test_what_was_done_to_a_ledger_is_what_is_found(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 30))
    ledger = [made("abc"[number % 3], number) for number in range(size)]
    lost = data.draw(st.sets(st.sampled_from(ledger)))
    repeated = data.draw(st.sets(st.sampled_from(ledger))) - lost
    arrived = [entry for entry in ledger if entry not in lost]
    arrived += sorted(repeated, key=lambda entry: entry.name)

    found = check(ledger, arrived)

    assert {v.entry for v in found if v.kind is Kind.LOST} == lost
    assert {v.entry for v in found if v.kind is Kind.REPEATED} == repeated
    assert len(found) == len(lost) + len(repeated)
