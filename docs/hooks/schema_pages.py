"""Tables of keys from the JSON Schemas of the policy and of the report: a section for each kind of object."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from audit.formats.json import report_schema
from audit.policy.model import Policy
from docs.hooks.tables import code, prose, table

Schema = Mapping[str, Any]
_FLOATS = [{"type": "number"}, {"type": "string", "enum": ["-Infinity", "Infinity", "NaN"]}]
"""A number of the report's: one that is not finite is a text."""


def policy() -> str:
    """Return the page on the keys of `audit.yaml`."""
    intro = "Every key of `audit.yaml`, made from the schema that `audit schema policy` prints."
    more = "[The policy](../policy.md) explains how they work together."
    return _page("Keys of the policy", f"{intro} {more}", Policy.model_json_schema())


def report() -> str:
    """Return the page on the fields of `report.json`."""
    intro = "Every field of `report.json`, made from the schema that `audit schema report` prints."
    return _page(
        "Fields of `report.json`",
        f"{intro} [report.json](../report-format.md) explains them.",
        report_schema(),
    )


def _page(title: str, intro: str, schema: Schema) -> str:
    places = dict(_places(schema, schema, ""))
    sections = [_section(name, place, schema["$defs"][name]) for name, place in places.items()]
    return "\n\n".join([f"# {title}", intro, keys(schema), *sections, ""])


def _places(
    schema: Schema, node: Schema, place: str, seen: set[str] | None = None
) -> Iterator[tuple[str, str]]:
    """Yield the name of each kind of object, and the path of keys that leads to its first use."""
    seen = set() if seen is None else seen
    for key, value in node.get("properties", {}).items():
        for name, suffix in _references(value):
            if name not in seen:
                seen.add(name)
                inner = f"{place}.{key}{suffix}".removeprefix(".")
                yield name, inner
                yield from _places(schema, schema["$defs"][name], inner, seen)


def _references(node: Schema) -> Iterator[tuple[str, str]]:
    """Yield the kinds of objects that a value may be or hold, each with what its path has after the key."""
    if "$ref" in node:
        yield node["$ref"].rpartition("/")[2], ""
    for each in node.get("anyOf", []):
        yield from _references(each)
    for holder, suffix in (("items", "[]"), ("additionalProperties", ".NAME")):
        if isinstance(node.get(holder), Mapping):
            yield from ((name, suffix + rest) for name, rest in _references(node[holder]))


def _section(name: str, place: str, node: Schema) -> str:
    title = f"## `{place}` {{ #{name.lower()} }}"
    if "enum" in node or "properties" not in node:
        return f"{title}\n\n{prose(node.get('description', ''))}\n\n{_type(node)}."
    return f"{title}\n\n{prose(node.get('description', ''))}\n\n{keys(node)}"


def keys(node: Schema) -> str:
    """Return the table of an object's keys."""
    required = node.get("required", [])
    rows = [
        [code(key), _type(value), "required" if key in required else _default(value)]
        for key, value in node["properties"].items()
    ]
    return table(["key", "value", "default"], rows)


def _default(node: Schema) -> str:
    """Return a default; that of an object follows from those of its keys."""
    default = node.get("default")
    if "default" not in node or (isinstance(default, dict) and default):
        return ""
    return code(json.dumps(default) if isinstance(default, dict | list) else default)


def _type(node: Schema) -> str:
    """Return a value's type in words."""
    if "$ref" in node:
        name = node["$ref"].rpartition("/")[2]
        return f"[{_spaced(name)}](#{name.lower()})"
    if "const" in node or "enum" in node:
        return ", ".join(code(value) for value in node.get("enum", [node.get("const")]))
    if "anyOf" in node:
        return "number" if node["anyOf"] == _FLOATS else " or ".join(map(_type, node["anyOf"]))
    return _plain(node)


def _plain(node: Schema) -> str:
    kind = node.get("type", "any value")
    if kind == "array":
        return f"list of ({_type(node['items'])})" if "items" in node else "list"
    if kind == "object":
        values = node.get("additionalProperties")
        return f"mapping of names to ({_type(values)})" if isinstance(values, Mapping) else "mapping"
    return " ".join([kind, *_bounds(node)])


def _bounds(node: Schema) -> Iterator[str]:
    words = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
    for key, sign in words.items():
        if key in node:
            yield f"{sign} {node[key]:g}"


def _spaced(name: str) -> str:
    """Return what a class describes, as words."""
    words = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name).strip()
    return words.removesuffix(" spec").removesuffix(" facts").removesuffix(" result")
