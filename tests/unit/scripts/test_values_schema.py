"""The schema and the page of values: what the comments of a values.yaml become, and what is refused."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from scripts import values_schema

VALUES = """\
# Who runs it.
# In two lines.
provider: a  # @enum a b

# Not a description: a blank line follows.

limits:
  # How many.
  count: 3
  # How much, or nothing.
  share: null  # @type number
  # By name.
  names: []  # @items string
  # On or off.
  on: true
resources:
  requests: {cpu: 100m}
# Free.
config: {}
# Free settings, with defaults.
tuning:
  a.b: 1
"""


@pytest.fixture
def chart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A chart `c` with values of its own."""
    monkeypatch.setattr(values_schema, "CHARTS", tmp_path)
    path = tmp_path / "c" / "values.yaml"
    path.parent.mkdir()
    path.write_text(VALUES)
    return path


def test_files_are_what_the_values_say() -> None:
    stale = [path.name for path, text in values_schema.generated().items() if path.read_text("utf-8") != text]

    assert stale == [], "make generate"


@pytest.mark.usefixtures("chart")
def test_comments_and_defaults_become_a_schema() -> None:
    schema = values_schema.declared("c")

    assert schema["properties"]["provider"] == {
        "description": "Who runs it. In two lines.",
        "enum": ["a", "b"],
        "default": "a",
    }
    limits = schema["properties"]["limits"]["properties"]
    assert limits["count"] == {"description": "How many.", "type": "integer", "default": 3}
    assert limits["share"]["type"] == ["number", "null"]
    assert limits["names"]["items"] == {"type": "string"}
    assert limits["on"]["type"] == "boolean"
    assert "description" not in schema["properties"]["limits"]


@pytest.mark.usefixtures("chart")
@pytest.mark.parametrize(
    ("values", "accepted"),
    [
        ({"provider": "b"}, True),
        ({"provider": "c"}, False),
        ({"limits": {"count": 4, "share": 0.5, "names": ["x"]}}, True),
        ({"limits": {"count": 0.5}}, False),
        ({"limits": {"names": [1]}}, False),
        ({"limits": {"countt": 4}}, False),
        ({"resources": {"requests": {"memory": "1Gi"}, "claims": []}}, True),
        ({"config": {"anything": {"at": "all"}}}, True),
        ({"tuning": {"c.d": 2}}, True),
        ({"tunning": {}}, False),
    ],
)
def test_what_the_schema_accepts(values: dict[str, Any], accepted: bool) -> None:
    validator = jsonschema.Draft7Validator(values_schema.declared("c"))

    assert validator.is_valid(values) is accepted


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("# Words.\na: null\n", "c.a is null: expected `# @type …` behind it, or a default"),
        ("# Words.\na: []\n", "c.a is a list: expected `# @items …` behind it"),
        ("a: 1\n", "c.a says nothing: expected a comment above it"),
    ],
)
def test_a_value_that_cannot_be_described_is_refused(chart: Path, text: str, message: str) -> None:
    chart.write_text(text)

    with pytest.raises(values_schema.ValuesError) as error:
        values_schema.declared("c")
    assert str(error.value) == message


def test_the_umbrellas_words_stand_over_a_parts_own() -> None:
    umbrella = values_schema.schema("isobar")["properties"]

    assert umbrella["kafka"]["properties"]["apiChecks"]["default"] is False
    assert values_schema.schema("kafka")["properties"]["apiChecks"]["default"] is True
    assert umbrella["flink"]["properties"]["settings"] == values_schema.schema("jobs")["properties"]["settings"]
    assert umbrella["kafka"]["additionalProperties"] is False


def test_check_names_what_is_stale_and_writing_mends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "docs" / "values.md"
    target.parent.mkdir()
    monkeypatch.setattr(values_schema, "ROOT", tmp_path)
    monkeypatch.setattr(values_schema, "generated", lambda: {target: "text"})

    assert values_schema.main(["--check"]) == 1
    assert capsys.readouterr().err == "docs/values.md is not what charts/*/values.yaml say: run `make generate`\n"
    assert values_schema.main([]) == 0
    assert capsys.readouterr().out == "wrote docs/values.md\n"
    assert values_schema.main(["--check"]) == 0
    assert target.read_text() == "text"


def test_the_page_has_a_line_for_every_value() -> None:
    page = values_schema.page()

    for chart in values_schema.charts():
        for path, default, text in values_schema._rows(values_schema.declared(chart)):
            if chart == "isobar" or not path.startswith("global."):
                assert f"| `{path}` | `{default}` | {text} |".replace("\\", "\\\\") in page
    assert json.dumps("weather.observations") in page
