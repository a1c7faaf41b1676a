"""`audit inspect`: what a model is, before any data is at hand."""

from __future__ import annotations

import json
from typing import Any

from audit.cli.text import plain
from audit.digest import digest
from audit.model.facts import describe
from audit.model.scan import scan
from audit.model.signature import find_model


def inspect(path: str, signature: str, as_json: bool) -> int:
    """Print what the model at ``path`` is; one with unsafe operations is read but not loaded."""
    found = find_model(path)
    scanned = scan(found)
    facts: dict[str, Any] = {
        "path": path,
        "digest": digest(found),
        "tensorflow": scanned.tensorflow,
        "signatures": scanned.signatures,
        "unsafe_operations": scanned.unsafe,
    }
    if not scanned.unsafe:
        facts |= describe(found, signature)
    print(json.dumps(facts, indent=2) if as_json else "\n".join(_lines(facts)))
    return 0


def _lines(facts: dict[str, Any]) -> list[str]:
    lines = [f"model           {plain(facts['path'], 500)}", f"digest          {facts['digest']}"]
    lines += [f"made by         TensorFlow {plain(facts['tensorflow'])}"] * bool(facts["tensorflow"])
    lines.append(f"signatures      {', '.join(map(plain, facts['signatures']))}")
    unsafe = ", ".join(facts["unsafe_operations"]) or "none that reaches files, network or Python"
    lines.append(f"unsafe ops      {unsafe}")
    if "inputs" not in facts:
        return [*lines, "not loaded, because of its unsafe operations"]
    for title, tensors in (("input", facts["inputs"]), ("output", facts["outputs"])):
        lines += [f"{title:15} {plain(t['name'])}  {t['dtype']}  {t['shape']}" for t in tensors]
    head = facts["head"]
    lines.append(f"head            {head['kind'] or 'open'}: {plain(head['evidence'], 300)}")
    lines.append(
        f"differentiable  {'yes' if facts['differentiable'] else 'no gradient reaches a float input'}"
    )
    return lines
