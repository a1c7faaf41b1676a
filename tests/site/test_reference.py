"""The pages of reference have everything that schemas, commands and checks have."""

from __future__ import annotations

import re

import typer.main

from audit.check import entry_points
from audit.cli.app import app
from docs.hooks import schema_pages
from docs.hooks.reference import REFERENCE
from docs.hooks.schema_pages import Schema

from ..named_options import flags


def page(name: str) -> str:
    return REFERENCE[f"reference/{name}.md"]()


def test_every_check_has_its_page_with_every_option_and_metric() -> None:
    names = entry_points.installed()
    assert {"performance", "fairness", "explainability", "robustness"} <= set(names)
    for name in names:
        cls = entry_points.check_class(name)
        heads = re.findall(rf"^### `{name}\.(\w+)`$", page(name), flags=re.MULTILINE)
        assert heads == list(cls.metrics)
        assert all(f"| `{option}` |" in page(name) for option in cls.model_fields)


def test_every_command_has_its_section_with_every_option() -> None:
    sections = re.split(r"^## `audit ([\w-]+)`$", page("commands"), flags=re.MULTILINE)[1:]
    texts = dict(zip(sections[::2], sections[1::2], strict=True))
    shown = {name for name in flags() if name} - hidden()
    assert set(texts) == shown
    for name in shown:
        assert {f for f in flags()[name] - {"--help"} if f.startswith("-") and f not in texts[name]} == set()


def hidden() -> set[str]:
    return {name for name, command in typer.main.get_command(app).commands.items() if command.hidden}  # type: ignore[attr-defined]


def test_every_key_of_the_policy_is_in_the_section_of_its_object() -> None:
    text = page("policy-keys")
    for place, key in (
        ("data", "favorable"), ("data.protected.NAME", "privileged"), ("gate.rules[]", "at_least"),
        ("monitoring.webhook", "url_env"), ("data.csv", "delimiter"), ("waivers[]", "expires"),
    ):  # fmt: skip
        section = text.partition(f"## `{place}` ")[2].partition("\n## ")[0]
        assert f"| `{key}` |" in section, place


def test_links_between_objects_lead_to_sections() -> None:
    for name in ("policy-keys", "report-fields"):
        linked = set(re.findall(r"\]\(#([\w-]+)\)", page(name)))
        assert linked and linked <= set(re.findall(r"\{ #([\w-]+) \}$", page(name), flags=re.MULTILINE))


def test_types_are_in_words() -> None:
    """Values of a schema as readers know them: bounds, choices, lists, mappings, and objects by their section."""
    item: Schema = {"$ref": "#/$defs/CsvSpec"}
    properties: Schema = {
        "share": {"type": "number", "minimum": 0, "exclusiveMaximum": 1, "default": 0.5},
        "csv": {**item, "default": {"delimiter": None}},
        "kind": {"enum": ["a", "b"], "default": "a"},
        "rows": {"type": "array", "items": {"anyOf": [{"type": "integer"}, {"type": "null"}]}},
        "by": {"type": "object", "additionalProperties": item, "default": {}},
        "value": {
            "anyOf": [{"type": "number"}, {"type": "string", "enum": ["-Infinity", "Infinity", "NaN"]}]
        },
    }
    rows = schema_pages.keys({"properties": properties, "required": ["rows", "value"]}).splitlines()[2:]
    assert rows == [
        "| `share` | number ≥ 0 < 1 | `0.5` |",
        "| `csv` | [csv](#csvspec) |  |",
        "| `kind` | `a`, `b` | `a` |",
        "| `rows` | list of (integer or null) | required |",
        "| `by` | mapping of names to ([csv](#csvspec)) | `{}` |",
        "| `value` | number | required |",
    ]
