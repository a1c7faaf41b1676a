"""Counts variables in ``audit/`` whose name does not say what they hold, and assignments of several values at once.

Run by ``make check``; with ``--list`` it prints where each of them is.
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1] / "audit"
VAGUE = frozenset(
    {
        "ahead",
        "alone",
        "apart",
        "asked",
        "away",
        "beside",
        "chosen",
        "doing",
        "drawn",
        "every",
        "explained",
        "fed",
        "found",
        "given",
        "got",
        "held",
        "here",
        "judged",
        "kept",
        "laid",
        "least",
        "lie",
        "lies",
        "made",
        "many",
        "meant",
        "most",
        "moved",
        "much",
        "ours",
        "own",
        "placed",
        "reached",
        "read",
        "said",
        "shown",
        "some",
        "stands",
        "taken",
        "telling",
        "theirs",
        "there",
        "together",
        "told",
        "tried",
        "under",
        "wanted",
        "weigh",
        "weighed",
        "what",
        "whole",
        "who",
        "why",
    }
)
"""Participles, adverbs and pronouns: a reader cannot tell from them what the variable holds, nor search for it."""
MAX_VAGUE = 19
MAX_PACKED_PER_1000_LINES = 2.0


def names(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Yield each variable that is bound and its line: assigned, looped over, or a parameter."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id, node.lineno
        elif isinstance(node, ast.arg):
            yield node.arg, node.lineno
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr, node.lineno


def packed(tree: ast.AST) -> Iterator[int]:
    """Yield the line of each ``a, b = x, y``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Tuple):
            yield from (node.lineno for target in node.targets if isinstance(target, ast.Tuple))


def main(arguments: list[str]) -> int:
    """Print the counts, and return 1 if one is above its bound."""
    lines, vague, several = 0, [], []
    for path in sorted(ROOT.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        tree = ast.parse(text)
        place = path.relative_to(ROOT.parent)
        lines += text.count("\n")
        vague += [f"{place}:{line} {name}" for name, line in names(tree) if name.strip("_").lower() in VAGUE]
        several += [f"{place}:{line} assigns several values" for line in packed(tree)]
    if "--list" in arguments:
        print("\n".join(vague + several))
    rate = 1000 * len(several) / lines
    print(f"vague names of variables: {len(vague)} (at most {MAX_VAGUE})")
    print(f"packed assignments per 1,000 lines: {rate:.1f} (at most {MAX_PACKED_PER_1000_LINES})")
    return int(len(vague) > MAX_VAGUE or rate > MAX_PACKED_PER_1000_LINES)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
