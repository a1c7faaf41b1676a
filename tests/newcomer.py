"""What somebody does with a drafted policy who knows the model and nothing of the tool: answers what it asks."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from ruamel.yaml import YAML

_SECTION = re.compile(r"(\w+):$")
_CHOICE = re.compile(r"  # (\w+): ")
_INSTEAD = re.compile(r"# instead of an answer to the open question under (\w+)$")


def questions(text: str) -> list[list[str]]:
    """Return the dotted keys that each open question of a drafted policy offers, in the order of the file."""
    found: list[tuple[str, list[str]]] = []
    elsewhere: list[tuple[str, str]] = []
    section = ""
    is_open = False
    for line in text.splitlines():
        section = match[1] if (match := _SECTION.match(line)) else section
        choice = _CHOICE.match(line)
        if line.startswith("  # OPEN: "):
            found.append((section, []))
            is_open = True
        elif choice and (instead := _INSTEAD.search(line)):
            elsewhere.append((instead[1], f"{section}.{choice[1]}"))
        elif is_open and choice:
            found[-1][1].append(f"{section}.{choice[1]}")
        else:
            is_open = False
    return [
        list(dict.fromkeys([*keys, *(key for place, key in elsewhere if place == own)]))
        for own, keys in found
    ]


def answer(policy: Path, known: Mapping[str, object], asked: Sequence[Sequence[str]]) -> None:
    """Write what is known, by dotted key, into the policy, but only for keys that a question offers."""
    content = YAML(typ="safe").load(policy.read_text())
    for key in {key for keys in asked for key in keys} & set(known):
        section, _, name = key.partition(".")
        content[section][name] = known[key]
    YAML().dump(content, policy)
