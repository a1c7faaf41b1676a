"""Whether the policy's decision threshold has a part in the decisions."""

from audit.errors import AuditError, Setting
from audit.policy.model import DataSpec

_DEFAULT = 0.5
_OF_NUMBERS = Setting("data.favorable", "{at_least: NUMBER}", complete=False)


def require_used_threshold(spec: DataSpec, classes: int | None) -> None:
    """Refuse a `data.threshold` that decides nothing: it applies to two classes only.

    Args:
        spec: the policy's data section.
        classes: number of classes; None for a regression.

    Raises:
        AuditError: the policy sets another threshold than the default one, and there are not two classes.
    """
    if spec.threshold == _DEFAULT or classes == 2:
        return
    what = "a regression"
    instead = f"; a regression's favourable predictions are set by {_OF_NUMBERS}"
    if classes is not None:
        what = f"{classes:,} classes, of which the most probable one is predicted"
        instead = ""
    raise AuditError(
        where="data.threshold",
        expected="no threshold, unless there are two classes",
        found=f"{spec.threshold:g} for {what}",
        fix=f"remove it, since nothing is decided by it{instead}",
        settings=[_OF_NUMBERS] if instead else (),
    )
