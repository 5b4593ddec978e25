"""A recording gives back what was recorded, in order, and says what it does not hold."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from producer.cassette import CassetteEnd, Player, Recorder
from producer.errors import CassetteError
from producer.http import Request, Response

A, B = Request("https://one.example/a", {"lat": "1", "lon": "2"}), Request("https://one.example/b")


class Scripted:
    """A client with answers."""

    def __init__(self, *responses: Response) -> None:
        self._responses = list(responses)

    def send(self, request: Request, conditions: Mapping[str, str]) -> Response:
        return self._responses.pop(0)


def record(path: Path, *pairs: tuple[Request, Response]) -> None:
    recorder = Recorder(Scripted(*(response for _, response in pairs)), path)
    for request, response in pairs:
        assert recorder.send(request, {}) == response


def test_answers_are_played_in_their_order_for_each_request(tmp_path: Path) -> None:
    tape = tmp_path / "tape.jsonl"
    first, second = Response(200, {"etag": "x"}, b"[1]"), Response(503, {}, b"\xff not text")
    other = Response(404, {}, b"")
    record(tape, (A, first), (B, other), (A, second))
    player = Player(tape)
    # Another host, and parameters in another order: the same request.
    same = Request("http://127.0.0.1:80/a", {"lon": "2", "lat": "1"})
    assert [player.send(B, {}), player.send(A, {}), player.send(same, {})] == [other, first, second]
    with pytest.raises(CassetteEnd):
        player.send(A, {})


def test_a_recording_is_appended_to(tmp_path: Path) -> None:
    tape = tmp_path / "tape.jsonl"
    record(tape, (A, Response(200, {}, b"1")))
    record(tape, (A, Response(200, {}, b"2")))
    player = Player(tape)
    assert [player.send(A, {}).body, player.send(A, {}).body] == [b"1", b"2"]


def test_any_request_plays_the_file_from_top_to_bottom(tmp_path: Path) -> None:
    tape = tmp_path / "tape.jsonl"
    record(tape, (A, Response(200, {}, b"1")), (B, Response(200, {}, b"2")))
    player = Player(tape, any_request=True)
    asked = Request("http://retired.example/c")
    assert [player.send(asked, {}).body, player.send(asked, {}).body] == [b"1", b"2"]


def test_a_request_that_was_never_recorded_is_named(tmp_path: Path) -> None:
    tape = tmp_path / "tape.jsonl"
    record(tape, (A, Response(200, {}, b"1")))
    with pytest.raises(CassetteError) as refused:
        Player(tape).send(B, {})
    assert str(refused.value) == (
        f"--cassette {tape}: expected an answer to GET https://one.example/b, found answers only to: /a lat=1 lon=2;"
        " give the --places of the recording"
    )


def test_a_file_that_is_no_recording_is_refused(tmp_path: Path) -> None:
    tape = tmp_path / "tape.jsonl"
    tape.write_text('{"url":"https://a/b","status":200}\n\n{"url":"https://a/b"}\n')
    with pytest.raises(CassetteError) as refused:
        Player(tape)
    assert str(refused.value) == (
        f"--cassette {tape} line 3: expected an object with url, status, headers and body,"
        " found another (Object missing required field `status`)"
    )
    with pytest.raises(CassetteError) as absent:
        Player(tmp_path / "absent")
    assert str(absent.value) == (
        f"--cassette {tmp_path / 'absent'} cannot be read (No such file or directory): expected a recorded file"
    )
    with pytest.raises(CassetteError) as unwritable:
        Recorder(Scripted(), tmp_path / "no" / "folder")
    assert str(unwritable.value) == (
        f"--record {tmp_path / 'no' / 'folder'} cannot be written (No such file or directory): expected a file path"
    )
