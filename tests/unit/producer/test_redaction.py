"""An API key reaches the provider and nothing else."""

import logging
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from producer.cassette import Recorder
from producer.errors import OutageError
from producer.http import HttpClient, KeyPlace, Request
from producer.redaction import REDACTED, Redactor
from tests.fixtures.provider_server import Answer, serving

KEY = "s3cret/key+with=signs"
QUERY, HEADER = KeyPlace("query", "appid"), KeyPlace("header", "apikey")


@given(st.text(min_size=1), st.text(), st.text())
def test_no_text_keeps_a_secret(secret: str, before: str, after: str) -> None:
    scrubbed = Redactor([secret]).scrub(before + secret + after)
    assert secret not in scrubbed.replace(REDACTED, "") or secret in before + after or secret in REDACTED


def test_a_secret_inside_another_leaves_no_rest() -> None:
    assert Redactor(["abc", "abcdef"]).scrub("key abcdef") == f"key {REDACTED}"


def test_an_empty_secret_hides_nothing() -> None:
    assert Redactor([""]).scrub("all is well") == "all is well"


@pytest.mark.parametrize("place", [QUERY, HEADER])
def test_the_key_is_sent_and_shown_nowhere(place: KeyPlace, caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    redactor = Redactor()
    caplog.handler.addFilter(redactor)
    caplog.set_level(logging.DEBUG)
    tape = tmp_path / "tape.jsonl"
    with serving() as server:
        echo = f"bad key {KEY}, asked with ?appid=s3cret%2Fkey%2Bwith%3Dsigns".encode()
        server.answers["/x"] = [Answer(401, echo, {"Set-Cookie": f"k={KEY}"})]
        recorder = Recorder(HttpClient(place, SecretStr(KEY), 5.0, redactor), tape)
        response = recorder.send(Request(f"{server.url}/x", {"lat": "1"}), {})
        sent = server.asked[0].params if place.kind == "query" else server.asked[0].headers
        assert sent[place.name] == KEY
    assert response.text() == f"bad key {REDACTED}, asked with ?appid={REDACTED}"
    assert "/x" in caplog.text, "the library's debug log is what this test is about"
    shown = caplog.text + tape.read_text() + repr(response) + str(Request(f"{server.url}/x"))
    for spelling in (KEY, "s3cret%2Fkey", "s3cret/key"):
        assert spelling not in shown


def test_an_exception_of_the_library_shows_no_key(caplog: pytest.LogCaptureFixture) -> None:
    redactor = Redactor()
    caplog.handler.addFilter(redactor)
    client = HttpClient(QUERY, SecretStr(KEY), 5.0, redactor)
    with pytest.raises(OutageError) as outage:
        client.send(Request("http://127.0.0.1:1/data", {"lat": "51.51"}), {})
    text = str(outage.value)
    assert text.startswith("GET http://127.0.0.1:1/data?lat=51.51 got no answer: ConnectionError: ")
    assert f"appid={REDACTED}" in text, "the library's own text names the whole URL"
    assert outage.value.__cause__ is None
    assert outage.value.__suppress_context__
    logging.getLogger("producer").error("failed with %s", KEY, exc_info=(OutageError, OutageError(f"x {KEY}"), None))
    assert KEY not in caplog.text
    assert f"failed with {REDACTED}" in caplog.text


def test_a_redirect_does_not_carry_the_key_away() -> None:
    with serving() as elsewhere, serving() as server:
        server.answers["/x"] = [Answer(302, b"", {"Location": f"{elsewhere.url}/catch"})]
        client = HttpClient(HEADER, SecretStr(KEY), 5.0, Redactor())
        assert client.send(Request(f"{server.url}/x"), {}).status == 302
        assert elsewhere.asked == []


def test_a_provider_that_does_not_answer_in_time_is_an_outage() -> None:
    with serving() as server:
        server.answers["/x"] = [Answer(hang_s=30.0)]
        with pytest.raises(OutageError, match="got no answer: ReadTimeout"):
            HttpClient(None, None, 0.2, Redactor()).send(Request(f"{server.url}/x"), {})
