"""Policy recorded in a report, and whether another policy may decide on the same measurements."""

from pydantic import ValidationError

from audit.errors import AuditError
from audit.policy.model import Policy, ResolvedPolicy, policy_digest
from audit.result import Report, Scalar
from audit.values import canonical


def recorded_policy(report: Report) -> ResolvedPolicy:
    """Return the effective policy of ``report``, which does not depend on the checks installed now.

    Raises:
        AuditError: the recorded content is no policy, or does not match the report's digest.
    """
    try:
        policy = ResolvedPolicy.model_validate(report.policy.effective)
    except ValidationError as error:
        raise _edited(report, str(error.errors(include_url=False)[0]["msg"])) from None
    digest = policy_digest(report.policy.effective)  # not of ``policy``: an older one may lack newer keys
    if digest != report.policy.digest:
        raise _edited(report, f"one with {digest}")
    return policy


def require_same_audit(measured: Policy, deciding: Policy) -> None:
    """Require that ``deciding`` differs from ``measured`` in gate, waivers, report, paths and missing checks only.

    Raises:
        AuditError: the two policies describe other outcomes, groups or check options.
    """
    for section in ("model", "data"):
        _require_equal(section, _without_paths(measured, section), _without_paths(deciding, section))
    for name, options in deciding.checks.items():
        if options is not False and measured.checks.get(name):
            _require_equal(f"checks.{name}", measured.checks[name], options)


def measurement_spec(policy: Policy) -> dict[str, object]:
    """Return the settings that measurements depend on: all but gate, waivers, report and paths."""
    sections = {name: _without_paths(policy, name) for name in ("model", "data")}
    return {**sections, "checks": policy.checks}


def _without_paths(policy: Policy, section: str) -> dict[str, object]:
    """Return a section without its paths: they may lead to the same files from elsewhere."""
    content: dict[str, object] = getattr(policy, section).model_dump(by_alias=True, exclude={"path"})
    for name in ("background", "baseline"):
        if content.get(name) is not None:
            content[name] = "a path"
    return content


def _require_equal(key: str, before: object, after: object) -> None:
    """Raise an error that names the first key at which two values differ."""
    if _equal(before, after):
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


def _equal(before: object, after: object) -> bool:
    """Return whether two settings are equal, values of the data by their identity: a quoted 1 is 1, and not true."""
    if isinstance(before, list) and isinstance(after, list):
        return len(before) == len(after) and all(map(_equal, before, after))
    if isinstance(before, dict) and isinstance(after, dict):
        return before.keys() == after.keys() and all(
            _equal(value, after[key]) for key, value in before.items()
        )
    if isinstance(before, Scalar) and isinstance(after, Scalar):
        return canonical(before) == canonical(after)
    return type(before) is type(after) and before == after


def _edited(report: Report, difference: str) -> AuditError:
    return AuditError(
        where="policy.effective",
        expected=f"a policy with the digest {report.policy.digest}",
        found=f"{difference}: the report was edited, or made by another version",
        fix="run the audit again",
    )
