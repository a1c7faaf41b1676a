"""``gate.max_waiver_days``: a waiver ends soon after the audit, or it is an error."""

from __future__ import annotations

from datetime import date

import pytest

from audit.errors import AuditError
from audit.policy.gate_spec import GateSpec, Waiver, require_short

ON = date(2026, 6, 1)


def waiver(expires: str) -> Waiver:
    return Waiver.model_validate({"rule": "r", "reason": "known", "owner": "risk", "expires": expires})


@pytest.mark.parametrize(
    ("most", "expires", "short"),
    [
        (None, "2099-01-01", True),
        (90, "2026-08-30", True),  # 29 days of June, 31 of July and 30 of August
        (90, "2026-08-31", False),
        (90, "2020-01-01", True),
        (0, "2026-06-01", True),
        (0, "2026-06-02", False),
    ],
)
def test_the_last_day_allowed(most: int | None, expires: str, short: bool) -> None:
    gate = GateSpec(max_waiver_days=most, rules=[])
    if short:
        require_short([waiver("2026-06-01"), waiver(expires)], gate, ON)
        return
    with pytest.raises(AuditError, match=r"max_waiver_days.*") as error:
        require_short([waiver("2026-06-01"), waiver(expires)], gate, ON)
    assert (error.value.where, expires in error.value.found) == ("waivers: r", True)
