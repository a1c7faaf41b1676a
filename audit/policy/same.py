"""Whether a policy may decide on what another one measured."""

from __future__ import annotations

from audit.errors import AuditError
from audit.policy.model import Policy
from audit.result import Report


def require_same_audit(report: Report, measured: Policy, chosen: Policy) -> None:
    """Require that ``chosen`` asks for what the report measured: only gate, waivers and paths may differ.

    Raises:
        AuditError: the report's policy does not have its digest, or the two policies describe other outcomes,
            groups or check options.
    """
    if measured.digest != report.policy.digest:
        raise AuditError(
            where="policy.effective",
            expected=f"a policy with the digest {report.policy.digest}",
            found=f"one with {measured.digest}: the report was edited, or made by another version",
            fix="run the audit again",
        )
    for section in ("model", "data"):
        before, after = (
            getattr(policy, section).model_dump(exclude={"path"}) for policy in (measured, chosen)
        )
        for key, value in after.items():
            if value != before[key]:
                raise _other(f"{section}.{key}", before[key], value)
    for name, options in chosen.checks.items():
        if options is not False and options != measured.checks.get(name):
            raise _other(f"checks.{name}", measured.checks.get(name), options)


def _other(key: str, before: object, after: object) -> AuditError:
    return AuditError(
        where=f"policy: {key}",
        expected=f"what was measured: {before!r:.200}",
        found=f"{after!r:.200}",
        fix="run the audit under this policy; 'audit gate' only decides again",
    )
