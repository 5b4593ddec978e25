"""Writes `values.schema.json` of every chart and `docs/values.md` from the commented values; `--check` finds drift.

A chart's values.yaml is where a value is declared, described and given its default; the schema and the page repeat it.
The comment lines above a key are its description. What a default cannot say stands behind it, after `# @`:

    provider: strimzi  # @enum strimzi standalone external     one of these
    speed: null  # @type number                                a number, or null
    places: []  # @items string                                a list of these

A map that is empty by default takes any keys, all others only those that are declared: a misspelt value is refused.
"""

import argparse
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parent.parent
CHARTS = ROOT / "charts"
PAGE = ROOT / "docs" / "values.md"
UMBRELLA = "isobar"

PARTS = {"kafka": "kafka", "flink": "jobs", "producer": "producer", "sinks": "sinks", "postgres": "postgres"}
"""Key in the umbrella's values and chart, as its Chart.yaml has them; a test compares."""

OPEN_KEYS = frozenset({"resources"})
"""Maps with defaults that take other keys all the same: Kubernetes checks these itself."""

USUAL = {
    "resources": "Requests and limits of the container.",
    "nodeSelector": "Labels of the nodes that the pods may run on.",
    "tolerations": "Taints of nodes that the pods put up with.",
    "affinity": "Affinity of the pods, as Kubernetes has it.",
    "priorityClassName": "Priority class of the pods; empty: none.",
}
"""What every chart's reader knows; other keys need a comment of their own."""

Schema = dict[str, Any]

_ANNOTATION = re.compile(r"\s+# @(enum|type|items) (.+)$")


class ValuesError(ValueError):
    """A value that the schema could not describe; the text says which and what to write."""


def charts() -> list[str]:
    """Every chart with values, the umbrella last, because its page comes first in nobody's search for a detail."""
    return [*PARTS.values(), UMBRELLA]


def _scalar(annotation: str, value: Any) -> Any:
    return type(value)(annotation) if isinstance(value, int | float) and not isinstance(value, bool) else annotation


def _describe(lines: list[str], key_line: int) -> str:
    """The comment lines right above a key, as one paragraph; a blank line ends them."""
    found: list[str] = []
    for line in reversed(lines[:key_line]):
        if not line.strip().startswith("#"):
            break
        found.insert(0, line.strip().removeprefix("#").strip())
    return " ".join(found)


def _annotation(line: str) -> tuple[str, str] | None:
    match = _ANNOTATION.search(line)
    return (match.group(1), match.group(2).strip()) if match else None


def _typed(value: Any, path: str, annotation: tuple[str, str] | None) -> Schema:
    """The schema of a value that has no keys of its own."""
    kind, argument = annotation or ("", "")
    if value is None:
        if kind != "type":
            raise ValuesError(f"{path} is null: expected `# @type …` behind it, or a default")
        return {"type": [argument, "null"]}
    if kind == "enum":
        return {"enum": [_scalar(word, value) for word in argument.split()]}
    if isinstance(value, bool):
        return {"type": "boolean"}
    if isinstance(value, int):
        return {"type": "integer" if kind != "type" else argument}
    if isinstance(value, float):
        return {"type": "number"}
    if isinstance(value, str):
        return {"type": "string"}
    if isinstance(value, list):
        if kind == "items":
            return {"type": "array", "items": {"type": argument}}
        raise ValuesError(f"{path} is a list: expected `# @items …` behind it")
    raise ValuesError(f"{path} is {type(value).__name__}: expected a scalar, a list or a map")


def _node(node: yaml.Node, lines: list[str], path: str, key_line: int) -> Schema:
    value = yaml.safe_load(yaml.serialize(node))
    if not isinstance(node, yaml.MappingNode) or not node.value:
        if isinstance(node, yaml.MappingNode):
            return {"type": "object", "default": {}}
        return {**_typed(value, path, _annotation(lines[key_line])), "default": value}
    last, names = path.rsplit(".", 1)[-1], [key.value for key, _ in node.value]
    # Free settings of Flink, Kafka or the autoscaler have dots in their names.
    if last in OPEN_KEYS or any("." in name for name in names):
        return {"type": "object", "default": value}
    properties: Schema = {}
    for key, child in node.value:
        line = key.start_mark.line
        schema = _node(child, lines, f"{path}.{key.value}", line)
        text = _describe(lines, line) or USUAL.get(key.value, "")
        if not text and "properties" not in schema:
            raise ValuesError(f"{path}.{key.value} says nothing: expected a comment above it")
        properties[key.value] = {"description": text, **schema} if text else schema
    return {"type": "object", "additionalProperties": False, "properties": properties}


def declared(chart: str) -> Schema:
    """The schema that a chart's own values.yaml declares."""
    text = (CHARTS / chart / "values.yaml").read_text("utf-8")
    node = yaml.compose(text)
    assert isinstance(node, yaml.MappingNode)
    return _node(node, text.splitlines(), chart, 0)


def _merged(part: Schema, own: Schema) -> Schema:
    """What the umbrella says of a part, over what the part says of itself; the other's defaults stay."""
    merged = {**part, **{name: value for name, value in own.items() if name not in {"properties", "default"}}}
    if "properties" in part:
        children = dict(part["properties"])
        for name, child in own.get("properties", {}).items():
            children[name] = _merged(children[name], child) if name in children else child
        merged["properties"] = children
    elif "default" in own:
        merged["default"] = own["default"]
    return merged


def _as_part(chart: str) -> Schema:
    """A part's schema, with what Helm hands it besides its own values: the umbrella's, and room for the library."""
    part = declared(chart)
    part["properties"]["global"] = declared(UMBRELLA)["properties"]["global"]
    part["properties"]["enabled"] = {"type": "boolean", "description": "Read by the umbrella only."}
    part["properties"]["common"] = {"type": "object", "description": "Helm's place for the library chart."}
    return part


def schema(chart: str) -> Schema:
    """The whole schema of a chart; that of the umbrella holds those of its parts."""
    if chart != UMBRELLA:
        own = _as_part(chart)
    else:
        own = declared(UMBRELLA)
        for key, part in PARTS.items():
            own["properties"][key] = _merged(_as_part(part), own["properties"][key])
        own["properties"]["common"] = {"type": "object", "description": "Helm's place for the library chart."}
    return {"$schema": "http://json-schema.org/draft-07/schema#", "title": f"Values of the chart {chart}", **own}


def _rows(node: Schema, path: str = "") -> Iterator[tuple[str, str, str]]:
    for name, child in node.get("properties", {}).items():
        full = f"{path}.{name}" if path else name
        if child.get("properties"):
            yield from _rows(child, full)
            continue
        text = child.get("description", "")
        if "enum" in child:
            text = f"{text} ({', '.join(map(str, child['enum']))})"
        yield full, json.dumps(child.get("default"), ensure_ascii=False), text


def page() -> str:
    """docs/values.md."""
    intro = (
        "# Values\n\nGenerated from the charts' commented `values.yaml` by `make generate`; edit those instead.\n"
        "In the umbrella (`charts/isobar`) a part's values stand under its key: `kafka`, `flink` (the chart `jobs`),\n"
        "`producer`, `sinks`, `postgres`; `global` is shared by all. A value that is not here is refused.\n"
    )
    sections = []
    for key, chart in {UMBRELLA: UMBRELLA, **PARTS}.items():
        node = declared(chart)
        title = "The umbrella: `charts/isobar`" if chart == UMBRELLA else f"`{key}`: `charts/{chart}`"
        rows = [
            f"| `{path}` | `{default}` | {text} |"
            for path, default, text in _rows(node)
            if chart == UMBRELLA or not path.startswith("global.")
        ]
        escaped = [row.replace("\\", "\\\\") for row in rows]
        sections.append(f"\n## {title}\n\n| value | default | what |\n|---|---|---|\n" + "\n".join(escaped) + "\n")
    return intro + "".join(sections)


def generated() -> dict[Path, str]:
    """Path and text of every generated file."""
    files = {
        CHARTS / chart / "values.schema.json": json.dumps(schema(chart), indent=2, ensure_ascii=False) + "\n"
        for chart in charts()
    }
    return {**files, PAGE: page()}


def main(arguments: list[str] | None = None) -> int:
    """0 when all is up to date (after writing, always)."""
    parser = argparse.ArgumentParser(prog="python -m scripts.values_schema", description=__doc__)
    parser.add_argument("--check", action="store_true", help="only compare")
    check = parser.parse_args(arguments).check
    stale = [path for path, text in generated().items() if not path.exists() or path.read_text("utf-8") != text]
    for path in stale:
        if check:
            print(
                f"{path.relative_to(ROOT)} is not what charts/*/values.yaml say: run `make generate`", file=sys.stderr
            )
        else:
            path.write_text(generated()[path], "utf-8")
            print(f"wrote {path.relative_to(ROOT)}")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
