"""Expressions of GitHub Actions, as far as action.yml and the workflows here use them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

TOKEN = re.compile(r"\s*('(?:[^']|'')*'|&&|\|\||==|!=|[!()]|[A-Za-z_][\w.-]*(?:\(\))?)")


class Expression:
    """Recursive descent over ``||``, ``&&``, ``==`` and ``!=``, ``!``, parentheses, names, strings, functions."""

    def __init__(self, text: str, contexts: Mapping[str, Any]) -> None:
        self.tokens = TOKEN.findall(text)
        assert "".join(self.tokens) == re.sub(r"\s(?=(?:[^']*'[^']*')*[^']*$)", "", text), f"not read: {text}"
        self.contexts = contexts

    def value(self) -> Any:
        found = self._either()
        assert not self.tokens
        return found

    def _next(self, *expected: str) -> bool:
        if self.tokens and self.tokens[0] in expected:
            self.tokens.pop(0)
            return True
        return False

    def _either(self) -> Any:
        left = self._both()
        while self._next("||"):
            right = self._both()
            left = left or right
        return left

    def _both(self) -> Any:
        left = self._compared()
        while self._next("&&"):
            right = self._compared()
            left = left and right
        return left

    def _compared(self) -> Any:
        left = self._single()
        if self.tokens and self.tokens[0] in ("==", "!="):
            equal = self.tokens.pop(0) == "=="
            right = self._single()
            return (left == right) is equal
        return left

    def _single(self) -> Any:
        if self._next("!"):
            return not self._single()
        if self._next("("):
            found = self._either()
            assert self._next(")")
            return found
        token = self.tokens.pop(0)
        return token[1:-1].replace("''", "'") if token.startswith("'") else self._named(token)

    def _named(self, token: str) -> Any:
        if token in ("true", "false"):
            return token == "true"
        if token.endswith("()"):
            return self.contexts["status"][token]
        found: Any = self.contexts
        for part in token.split("."):
            found = found.get(part, "") if isinstance(found, Mapping) else ""
        return found


def filled(text: object, contexts: Mapping[str, Any]) -> str:
    """Return a value of a workflow with its ``${{ }}`` replaced, as a string."""
    return re.sub(
        r"\$\{\{(.*?)\}\}", lambda m: _string(Expression(m[1].strip(), contexts).value()), str(text)
    )


def holds(condition: object, contexts: Mapping[str, Any]) -> bool:
    """Return whether a step with this ``if`` runs: without a status function, only while all went well."""
    text = re.sub(r"^\$\{\{(.*)\}\}$", r"\1", str(condition).strip()).strip()
    asked = bool(re.search(r"\b(always|cancelled|failure|success)\(\)", text))
    return bool(Expression(text, contexts).value()) and (asked or contexts["status"]["success()"])


def _string(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
