"""`audit inspect`: describes a model without any data: inputs, outputs, head, unsafe operations."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from audit.cli.plain_text import plain
from audit.cli.progress import progress_display
from audit.model.describe import describe
from audit.model.loading.scan import scan
from audit.provenance.digest import digest
from audit.registry.artifact import find_model


def inspect(path: str, signature: str, as_json: bool) -> int:
    """Print a description of the model at ``path``; one with unsafe operations is not loaded."""
    with progress_display(quiet=False):
        facts = _facts(path, signature)
    print(json.dumps(facts, indent=2) if as_json else "\n".join(_lines(facts)))
    return 0


def _facts(path: str, signature: str) -> dict[str, Any]:
    artifact, registry = find_model(path)
    scanned = scan(artifact)
    facts: dict[str, Any] = {
        "path": path,
        "digest": digest(artifact),
        "source": scanned.source,
        "registry": asdict(registry) if registry else None,
        "tensorflow": scanned.tensorflow,
        "signatures": scanned.signatures,
        "unsafe_operations": scanned.operations,
        "unsafe_places": [asdict(place) for place in scanned.unsafe],
    }
    if not scanned.unsafe:
        facts |= describe(artifact, signature)
    return facts


def _lines(facts: dict[str, Any]) -> Iterator[str]:
    yield f"model           {plain(facts['path'], 500)}"
    yield f"source          {plain(facts['source'], 500)}"
    if registry := facts["registry"]:
        place = registry["version"] or registry["source"]
        yield f"registry        {plain(place, 500)} in {plain(registry['uri'], 500)}"
    yield f"digest          {facts['digest']}"
    if facts["tensorflow"]:
        yield f"made by         TensorFlow {plain(facts['tensorflow'])}"
    yield f"signatures      {', '.join(map(plain, facts['signatures'])) or 'none'}"
    unsafe = ", ".join(facts["unsafe_operations"]) or "none that reaches files, network or Python"
    yield f"unsafe ops      {unsafe}"
    if "inputs" in facts:
        yield from _signature_lines(facts)
    else:
        yield from (f"  {_place(place)}" for place in facts["unsafe_places"])
        yield "not loaded, because of its unsafe operations"


def _place(place: dict[str, Any]) -> str:
    holder = f"function {plain(place['function'])}" if place["function"] else "main graph"
    callers = [*map(plain, place["signatures"]), *["loading"] * place["loading"]]
    return f"{place['operation']:13} {holder}, reached by {', '.join(callers) or 'no signature'}"


def _signature_lines(facts: dict[str, Any]) -> Iterator[str]:
    parsed = [tensor for tensor in facts["fed"] if tensor not in facts["inputs"]]
    for title, tensors in (("input", facts["inputs"]), ("feature", parsed), ("output", facts["outputs"])):
        for tensor in tensors:
            yield f"{title:15} {plain(tensor['name'])}  {tensor['dtype']}  {tensor['shape']}"
    for name, head in facts["heads"].items():
        of = f"of {plain(name)}: " * (len(facts["heads"]) > 1)
        yield f"head            {of}{head['kind'] or 'open'}: {plain(head['evidence'], 300)}"
    if len(facts["heads"]) > 1:
        yield f"                {plain(facts['head']['evidence'], 300)}"
    if facts["stateful_operations"]:
        yield f"stateful ops    {', '.join(facts['stateful_operations'])}: 'audit run' refuses them"
    if facts["lacking_kernel"]:
        yield f"cannot run here {plain(facts['lacking_kernel'], 300)}"
        return
    answer = "yes" if facts["differentiable"] else "no gradient reaches a number that is fed"
    yield f"differentiable  {answer}"
