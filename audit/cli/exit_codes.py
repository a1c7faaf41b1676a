"""The exit codes."""

from __future__ import annotations

PASS, FAIL, COULD_NOT_AUDIT, INCONCLUSIVE, TOOL_FAULT, INTERRUPTED = 0, 1, 2, 3, 70, 130
VERDICTS = {"pass": PASS, "fail": FAIL, "inconclusive": INCONCLUSIVE}
