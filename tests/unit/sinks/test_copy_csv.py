"""What COPY's CSV rules make of the lines is the record; the rules are those of Postgres' documentation, in Python."""

from hypothesis import given
from hypothesis import strategies as st

from contracts.types import WeatherObservation
from sinks.copy_csv import OPTIONS, csv_lines
from tests.unit.sinks.fakes import record


def parse(text: str) -> list[list[str | None]]:
    r"""Fields end at a bare comma, lines at a bare line feed; inside quotes `\` escapes only `"` and itself."""
    lines: list[list[str | None]] = [[]]
    field, quoted, was_quoted = "", False, False
    position = 0
    while position <= len(text):
        char = text[position : position + 1]
        if quoted:
            if char == "\\" and text[position + 1 : position + 2] in ('"', "\\"):
                position += 1
                field += text[position]
            elif char == '"':
                quoted = False
            else:
                field += char
        elif char == '"':
            quoted = was_quoted = True
        elif char in (",", "\n", ""):
            lines[-1].append(None if field == "null" and not was_quoted else field)
            field, was_quoted = "", False
            if char == "\n":
                lines.append([])
        else:
            field += char
        position += 1
    return lines


def expected(value: WeatherObservation) -> list[str | None]:
    return [value.source, value.station_id, value.weather_code]


def test_the_options_say_what_the_encoder_writes() -> None:
    assert OPTIONS == r"""(FORMAT csv, NULL 'null', QUOTE '"', ESCAPE '\')"""


def test_one_line_in_full() -> None:
    line = csv_lines([record(0, temperature_c=-1.5, visibility_is_lower_bound=True, weather_code='a"b\n')])
    assert line == (
        b'"s","S","2026-11-20T00:00:00Z","2026-11-20T00:00:00Z",0,null,null,null,-1.5,null,null,null,null,null,null,'
        b'null,null,null,true,"a\\"b\n"'
    )


@given(st.lists(st.tuples(st.text(), st.text(), st.none() | st.text()), min_size=1, max_size=5))
def test_any_text_comes_back(texts: list[tuple[str, str, str | None]]) -> None:
    records = [record(0, source=a, station_id=b, weather_code=c) for a, b, c in texts]

    lines = parse(csv_lines(records).decode())

    assert [[line[0], line[1], line[-1]] for line in lines] == [expected(value) for value in records]
    assert {len(line) for line in lines} == {20}
