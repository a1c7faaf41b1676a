"""The difference between two reports as JSON."""

import json

from audit.diff.chance import CONFIDENCE
from audit.diff.records import Finding, ReportDiff
from audit.formats.json import to_plain

_MORE_THAN_CHANCE: dict[Finding, bool] = {"more than chance": True, "not chance": True, "chance": False}


def render(diff: ReportDiff) -> str:
    """Return the difference as JSON text, numbers as in a report.

    Each change of a measurement has ``more_than_chance``: true, false, or null where that is not known.
    """
    plain = to_plain(diff)
    assert isinstance(plain, dict)
    for name in ("measurements", "attributions"):
        for entry in plain[name]:
            entry["more_than_chance"] = _MORE_THAN_CHANCE.get(entry["finding"])
    content = {
        "diff_version": 1,
        "empty": diff.is_empty,
        "verdict": {"old": diff.old.verdict, "new": diff.new.verdict},
        "confidence": CONFIDENCE,
        **plain,
    }
    return json.dumps(content, indent=1, allow_nan=False) + "\n"
