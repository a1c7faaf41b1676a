"""`audit inspect`: what a model is, before any data is at hand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from audit.cli.summary import plain
from audit.model.describe import describe
from audit.model.loading.scan import Scan, scan
from audit.provenance.digest import digest
from audit.registry.artifact import find_model


def inspect(path: str, signature: str, as_json: bool) -> int:
    """Print what the model at ``path`` is; one with unsafe operations is read but not loaded."""
    found = find_model(path)
    scanned = scan(found)
    facts = {"path": path, "digest": digest(found)} | _scanned(scanned)
    if not scanned.unsafe:
        facts |= describe(found, signature)
    print(json.dumps(facts, indent=2) if as_json else "\n".join(_lines(facts)))
    return 0


def _scanned(scanned: Scan) -> dict[str, Any]:
    return {
        "source": scanned.source,
        "tensorflow": scanned.tensorflow,
        "signatures": scanned.signatures,
        "unsafe_operations": scanned.operations,
        "unsafe_places": [asdict(item) for item in scanned.unsafe],
    }


def _lines(facts: dict[str, Any]) -> Iterator[str]:
    yield f"model           {plain(facts['path'], 500)}"
    yield f"source          {plain(facts['source'], 500)}"
    yield f"digest          {facts['digest']}"
    if facts["tensorflow"]:
        yield f"made by         TensorFlow {plain(facts['tensorflow'])}"
    yield f"signatures      {', '.join(map(plain, facts['signatures'])) or 'none'}"
    unsafe = ", ".join(facts["unsafe_operations"]) or "none that reaches files, network or Python"
    yield f"unsafe ops      {unsafe}"
    if "inputs" in facts:
        yield from _loaded(facts)
    else:
        yield from (f"  {_place(place)}" for place in facts["unsafe_places"])
        yield "not loaded, because of its unsafe operations"


def _place(place: dict[str, Any]) -> str:
    holder = f"function {plain(place['function'])}" if place["function"] else "main graph"
    reached = [*map(plain, place["signatures"]), *["loading"] * place["loading"]]
    return f"{place['operation']:13} {holder}, reached by {', '.join(reached) or 'no signature'}"


def _loaded(facts: dict[str, Any]) -> Iterator[str]:
    parsed = [tensor for tensor in facts["fed"] if tensor not in facts["inputs"]]
    for title, tensors in (("input", facts["inputs"]), ("feature", parsed), ("output", facts["outputs"])):
        for tensor in tensors:
            yield f"{title:15} {plain(tensor['name'])}  {tensor['dtype']}  {tensor['shape']}"
    for name, head in facts["heads"].items():
        of = f"of {plain(name)}: " * (len(facts["heads"]) > 1)
        yield f"head            {of}{head['kind'] or 'open'}: {plain(head['evidence'], 300)}"
    if len(facts["heads"]) > 1:
        yield f"                {plain(facts['head']['evidence'], 300)}"
    reached = "yes" if facts["differentiable"] else "no gradient reaches a number that is fed"
    yield f"differentiable  {reached}"
