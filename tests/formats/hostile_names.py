"""Reports in which every name is the same hostile text: for formats that end up in pages, terminals and tables."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import Any

from audit.result import CheckResult, Report

from .html.samples import small

NAMES = {
    "markup": "<script>alert(1)</script>",
    "escape": "red\x1b[31m\x07 bell\x00",
    "end of a section": "]]> --> &amp; &#0;",
    "table": "a | b || c",
    "lines": "one\ntwo\r\nthree\rfour\u2028five\u0085six\ttab",
    "long": "n" * 10_000,
    "right to left": "\u05e7\u05d1\u05d5\u05e6\u05d4 \u202egpj.exe\u202c\u2066\u200f",
    "emoji": "👩🏽\u200d🚀 ✅ 🏳️\u200d🌈 e\u0301",
    "link": "[click](javascript:alert(1)) ![x](//e) {0} {{ 7 * 7 }}",
    "quotes": "\"'`$(id) \\\\ %s %20 #?",
    "not text": "lone \ud800 \udcff \ufffe \uffff",
    "blank": "   ",
    "path": "../..//x y/ä.yaml",
}
"""Names by what they try."""

_WORDS = {"verdict", "status", "would_be", "kind", "better"}
"""Fields whose texts are a few fixed words."""


def named(name: str) -> Report:
    """Return a report of every status in which each text is ``name``; the rules' ids are numbered besides."""
    report = _named(small(), name)
    rules = [replace(rule, id=f"{name}{i}") for i, rule in enumerate(report.rules)]
    crashed = CheckResult(name=name, status="crashed", reason=name)
    return replace(
        report, rules=rules, checks=[*report.checks[:1], crashed], superseded=name, warnings=[name]
    )


def _named(value: Any, name: str) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        texts = {f.name: _named(getattr(value, f.name), name) for f in fields(value) if f.name not in _WORDS}
        return replace(value, **texts)
    if isinstance(value, dict):
        return {key: _named(item, name) for key, item in value.items()}
    if isinstance(value, list):
        return [_named(item, name) for item in value]
    return name if isinstance(value, str) else value
