"""Kubernetes' own kinds, checked against the models of the pinned client: unknown fields, types, what must be.

The client is generated from the API of its Kubernetes (34.1 from 1.34), so its models know every field by name.
"""

import json
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from kubernetes import client

Manifest = dict[str, Any]

SCALARS: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "int": (int,),
    "bool": (bool,),
    "float": (int, float),
    "datetime": (str, datetime),
    "object": (object,),
}

UNCHECKED = ("kafka.strimzi.io/", "flink.apache.org/")
"""Kinds with definitions of their own (tests/charts/crds.py)."""


class _Answer:
    """What the client reads an object from."""

    def __init__(self, manifest: Manifest) -> None:
        self.data = json.dumps(manifest)


def model(manifest: Manifest) -> Any:
    """The class of a manifest's kind: V1Deployment, and so on."""
    version = manifest["apiVersion"].split("/")[-1]
    return getattr(client, f"{version[0].upper()}{version[1:]}{manifest['kind']}")


def errors(manifest: Manifest) -> list[str]:
    """What Kubernetes would not know or take, a line each."""
    if manifest["apiVersion"].startswith(UNCHECKED):
        return []
    cls = model(manifest)
    found = list(_wrong(manifest, cls.__name__, "$"))
    if found:
        return found
    try:
        client.ApiClient().deserialize(_Answer(manifest), cls.__name__)
    except ValueError as error:  # a field that must be is not
        return [f"$: {error}"]
    return []


def _wrong(value: Any, kind: str, path: str) -> Iterator[str]:
    if value is None:
        return
    many, named = re.fullmatch(r"list\[(.+)\]", kind), re.fullmatch(r"dict\(str, (.+)\)", kind)
    if many and isinstance(value, list):
        for number, item in enumerate(value):
            yield from _wrong(item, many[1], f"{path}[{number}]")
    elif named and isinstance(value, dict):
        for name, item in value.items():
            yield from _wrong(item, named[1], f"{path}.{name}")
    elif (
        kind in SCALARS
        and isinstance(value, SCALARS[kind])
        and (kind in {"bool", "object"} or not isinstance(value, bool))
    ):
        return
    elif not many and not named and kind not in SCALARS and isinstance(value, dict):
        yield from _wrong_fields(value, kind, path)
    else:
        yield f"{path}: expected {kind}, found {value!r}"


def _wrong_fields(value: Manifest, kind: str, path: str) -> Iterator[str]:
    cls = getattr(client, kind)
    names = {json_name: name for name, json_name in cls.attribute_map.items()}
    for name, item in value.items():
        if name in names:
            yield from _wrong(item, cls.openapi_types[names[name]], f"{path}.{name}")
        else:
            yield f"{path}.{name}: {kind} has no such field"
