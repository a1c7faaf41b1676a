"""The policy that a report was made under, and whether another one may decide on what it measured."""

from __future__ import annotations

from pydantic import ValidationError

from audit.errors import AuditError
from audit.policy.model import Policy, ResolvedPolicy, policy_digest
from audit.result import Report


def recorded_policy(report: Report) -> ResolvedPolicy:
    """Return the effective policy that stands in ``report``: complete, whatever checks are installed by now.

    Raises:
        AuditError: it is none, or not the one that the report's digest is of.
    """
    try:
        policy = ResolvedPolicy.model_validate(report.policy.effective)
    except ValidationError as error:
        raise _edited(report, str(error.errors(include_url=False)[0]["msg"])) from None
    found = policy_digest(report.policy.effective)  # as it stands there: an older one may lack newer keys
    if found != report.policy.digest:
        raise _edited(report, f"one with {found}")
    return policy


def require_same_audit(measured: Policy, chosen: Policy) -> None:
    """Require that ``chosen`` asks for what was ``measured``.

    Only gate, waivers, report, paths and checks' absence may differ.

    Raises:
        AuditError: the two policies describe other outcomes, groups or check options.
    """
    for section in ("model", "data"):
        _require_equal(section, _asked(measured, section), _asked(chosen, section))
    for name, options in chosen.checks.items():
        if options is not False and measured.checks.get(name):
            _require_equal(f"checks.{name}", measured.checks[name], options)


def asked(policy: Policy) -> dict[str, object]:
    """Return what a policy asks to be measured: gate, waivers, report and paths do not belong to it."""
    return {"model": _asked(policy, "model"), "data": _asked(policy, "data"), "checks": policy.checks}


def _asked(policy: Policy, section: str) -> dict[str, object]:
    """Return a section without its paths: they may lead to the same files from elsewhere."""
    content: dict[str, object] = getattr(policy, section).model_dump(exclude={"path"})
    for name in ("background", "baseline"):
        if content.get(name) is not None:
            content[name] = "a path"
    return content


def _require_equal(key: str, before: object, after: object) -> None:
    """Raise an error that names the first key at which two values differ."""
    if before == after:
        return
    if isinstance(before, dict) and isinstance(after, dict):
        for name in [*before, *after]:
            _require_equal(f"{key}.{name}", before.get(name), after.get(name))
    raise AuditError(
        where=f"policy: {key}",
        expected=f"what was measured: {before!r:.200}",
        found=f"{after!r:.200}",
        fix="run the audit under this policy; 'audit gate' only decides again",
    )


def _edited(report: Report, found: str) -> AuditError:
    return AuditError(
        where="policy.effective",
        expected=f"a policy with the digest {report.policy.digest}",
        found=f"{found}: the report was edited, or made by another version",
        fix="run the audit again",
    )
