"""What the policy says of the model: its name, owner, intended use and limitations."""

from collections.abc import Mapping

from audit.result import Report


def about(report: Report) -> dict[str, str]:
    """Return the texts under ``about`` in the policy by key; empty if it has none."""
    texts = report.policy.effective.get("about")
    if not isinstance(texts, Mapping):
        return {}
    return {str(key): text for key, text in texts.items() if isinstance(text, str) and text}
