"""`--places` as people write it, and as they get it wrong."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producer.errors import PlacesError
from producer.places import Place, parse_places


def test_several_places_from_the_command_line_and_a_file(tmp_path: Path) -> None:
    file = tmp_path / "places.txt"
    file.write_text("# Scotland\nwick=58.45,-3.09\n\noban=56.41,-5.47  # by the sea\n")
    assert parse_places(["london=51.51,-0.13"], file) == [
        Place("london", 51.51, -0.13),
        Place("wick", 58.45, -3.09),
        Place("oban", 56.41, -5.47),
    ]


@given(st.floats(-90, 90), st.floats(-180, 180))
def test_every_point_of_the_earth_can_be_written(lat: float, lon: float) -> None:
    assert parse_places([f"here={lat!r},{lon!r}"]) == [Place("here", lat, lon)]


@pytest.mark.parametrize(
    "text",
    ["london", "london=", "london=51.5", "london=51.5,", "=51.5,-0.1", "lon don=51.5,-0.1", "a=1,2,3", "a=x,y", ""],
)
def test_what_is_no_place_is_shown_beside_an_example(text: str) -> None:
    with pytest.raises(PlacesError) as refused:
        parse_places([text])
    assert str(refused.value) == f"--places: expected name=lat,lon such as london=51.51,-0.13, found '{text}'"


@pytest.mark.parametrize("text", ["a=-0.13,351.5", "a=91,0", "a=nan,0", "a=0,nan", "a=inf,0"])
def test_a_point_off_the_earth_is_refused(text: str) -> None:
    with pytest.raises(PlacesError) as refused:
        parse_places([text])
    assert str(refused.value) == (
        "--places: expected a latitude within -90..90 and a longitude within -180..180,"
        f" found '{text}' (latitude comes first)"
    )


def test_none_and_twice_are_refused() -> None:
    with pytest.raises(PlacesError) as none:
        parse_places([])
    assert str(none.value) == (
        "no place is given: expected name=lat,lon such as london=51.51,-0.13, by --places or --places-file"
    )
    with pytest.raises(PlacesError) as twice:
        parse_places(["a=1,2", "b=1,2", "a=3,4"])
    assert str(twice.value) == "expected each name once, found 'a' 2 times; rename one"


def test_a_file_says_where_it_is_wrong_or_why_it_cannot_be_read(tmp_path: Path) -> None:
    file = tmp_path / "places.txt"
    file.write_text("wick=58.45,-3.09\noban\n")
    with pytest.raises(PlacesError) as wrong:
        parse_places([], file)
    assert str(wrong.value) == f"{file} line 2: expected name=lat,lon such as london=51.51,-0.13, found 'oban'"
    with pytest.raises(PlacesError) as absent:
        parse_places([], tmp_path / "absent")
    assert str(absent.value) == (
        f"--places-file {tmp_path / 'absent'} cannot be read (No such file or directory):"
        " expected a text file with one place a line"
    )
    file.write_bytes(b"\xff")
    with pytest.raises(PlacesError, match="it is not UTF-8 text"):
        parse_places([], file)
