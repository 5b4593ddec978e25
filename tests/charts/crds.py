"""The operators' own definitions, as strict schemas: a field that a definition does not know is an error.

The API server prunes unknown fields in silence unless told to be strict, and the operator never sees them. So every
object with properties is closed here, but where a definition says that it keeps what it does not know.
"""

import os
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator

from tests.charts.rendering import LOADER

WHERE = "ISOBAR_CRDS"
CONVENTION = Path("build/crds")
HOW = (
    f"no operators' definitions: {WHERE} names no directory and {CONVENTION} is none;"
    " k8s/operators/README.md says how to get them (one command)"
)

Manifest = dict[str, Any]


def directory() -> Path | None:
    """Where the definitions are, or None."""
    named = os.environ.get(WHERE)
    path = Path(named) if named else CONVENTION
    return path if path.is_dir() else None


def strict(schema: Manifest) -> Manifest:
    """A structural schema with every object closed, and Kubernetes' words for types put into JSON Schema's."""
    schema = deepcopy(schema)
    if schema.pop("x-kubernetes-int-or-string", False):
        schema.pop("type", None)
        schema.pop("anyOf", None)
        schema["type"] = ["integer", "string"]
    if schema.pop("nullable", False) and isinstance(schema.get("type"), str):
        schema["type"] = [schema["type"], "null"]
    keeps = schema.pop("x-kubernetes-preserve-unknown-fields", False)
    if "properties" in schema:
        schema["properties"] = {name: strict(child) for name, child in schema["properties"].items()}
        if not keeps:
            schema["additionalProperties"] = False
    elif isinstance(schema.get("additionalProperties"), dict):
        schema["additionalProperties"] = strict(schema["additionalProperties"])
    if isinstance(schema.get("items"), dict):
        schema["items"] = strict(schema["items"])
    schema.pop("format", None)  # int32, date-time: the types say enough
    return schema


@cache
def validators() -> dict[tuple[str, str], Draft202012Validator]:
    """A validator by apiVersion and kind."""
    found: dict[tuple[str, str], Draft202012Validator] = {}
    root = directory()
    assert root is not None, HOW
    for path in sorted([*root.rglob("*.yaml"), *root.rglob("*.yml")]):
        for definition in yaml.load_all(path.read_text("utf-8"), LOADER):
            if not definition or definition.get("kind") != "CustomResourceDefinition":
                continue
            spec = definition["spec"]
            for version in spec["versions"]:
                if not version["served"]:
                    continue
                schema = version["schema"]["openAPIV3Schema"]
                whole = strict({**schema, "properties": {**schema["properties"], "metadata": {"type": "object"}}})
                whole["properties"] |= {"apiVersion": {"type": "string"}, "kind": {"type": "string"}}
                key = (f"{spec['group']}/{version['name']}", spec["names"]["kind"])
                found[key] = Draft202012Validator(whole)
    return found


def errors(manifest: Manifest) -> list[str]:
    """What the definition refuses of a manifest, a line each."""
    validator = validators().get((manifest["apiVersion"], manifest["kind"]))
    if validator is None:
        return [f"no definition serves {manifest['apiVersion']} {manifest['kind']}"]
    return [f"{error.json_path}: {error.message[:200]}" for error in validator.iter_errors(manifest)]
