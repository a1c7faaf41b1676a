"""Gate of a policy: rules, confidence, and waivers."""

import re
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, date, datetime
from math import inf
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from audit.errors import AuditError
from audit.policy.fields import Name, Number, Strict
from audit.policy.spelled_numbers import as_spelled
from audit.provenance.public_key import KEY_ID, read_public_key
from audit.result import GROUP_KEYS, Scalar

_ABSOLUTE = ("at_least", "at_most", "within")
_PAIRED = ("no_worse_than_baseline_by", "better_than_baseline_by")

DEFAULT_RATIO = (0.8, 1.25)
"""Limits of the default rules on a ratio of two groups."""

DEFAULT_DIFFERENCE = 0.1
"""Limit of the default rules on a difference of two groups, in either direction."""


def _with_groups_as_spelled(where: object) -> object:
    """Return ``where`` with the spellings of groups; of other keys, such as ``eps``, the number counts."""
    if not isinstance(where, dict):
        return where
    return {key: as_spelled(value) if key in GROUP_KEYS else value for key, value in where.items()}


Where = Annotated[
    dict[str, Scalar], BeforeValidator(_with_groups_as_spelled, json_schema_input_type=dict[str, Scalar])
]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Rule(Strict):
    """Limits on a metric. ``where`` selects measurements; a missing ``id`` is made from both.

    One rule may limit the value itself and its improvement over the baseline: both must hold.
    """

    metric: Name
    where: Where = {}
    at_least: Number | None = None
    at_most: Number | None = None
    within: NotNegative | None = None
    no_worse_than_baseline_by: NotNegative | None = None
    better_than_baseline_by: NotNegative | None = None
    id: Name | None = None

    @model_validator(mode="after")
    def _require_consistent_limits(self) -> "Rule":
        if not self.limit:
            raise ValueError(
                "a rule needs a limit: 'at_least', 'at_most', 'within', 'no_worse_than_baseline_by' or "
                "'better_than_baseline_by'"
            )
        low, high = self.bounds
        if low > high:
            raise ValueError(f"no value can hold: the limits leave nothing between {low:g} and {high:g}")
        return self

    @property
    def check(self) -> str:
        """The name of the check that measures the metric."""
        return self.metric.partition(".")[0]

    @property
    def limit(self) -> dict[str, float]:
        """The limits as written, e.g. ``{"at_least": 0.8}``."""
        return {key: value for key in (*_ABSOLUTE, *_PAIRED) if (value := getattr(self, key)) is not None}

    @property
    def is_absolute(self) -> bool:
        """Whether the rule limits the value itself, not only its improvement."""
        return not self.limit.keys().isdisjoint(_ABSOLUTE)

    def limits_group_of(self, attribute: str) -> bool:
        """Return whether it limits the value of an attribute's groups; of fairness it does unless it names another."""
        named = self.where.get("attribute", "*" if self.metric.startswith("fairness.") else None)
        return self.is_absolute and named in ("*", attribute)

    @property
    def least_improvement(self) -> float | None:
        """Minimum improvement over the baseline (below 0: may be worse by so much); None if not limited."""
        signs = (("better_than_baseline_by", 1), ("no_worse_than_baseline_by", -1))
        return max((sign * self.limit[key] for key, sign in signs if key in self.limit), default=None)

    @property
    def bounds(self) -> tuple[float, float]:
        """Lowest and highest value that hold; infinite without a limit on that side."""
        low = -inf if self.at_least is None else self.at_least
        high = inf if self.at_most is None else self.at_most
        within = inf if self.within is None else self.within
        return max(low, -within), min(high, within)


class ApprovalsSpec(Strict):
    """Approvals that a promotion requires: of ``count`` of the ``keys``, which are ids of public keys once resolved.

    In a policy file, a key may be the path of a file that holds it.
    """

    count: Annotated[int, Field(ge=1)]
    keys: Annotated[list[Name], Field(min_length=1)]

    @model_validator(mode="after")
    def _require_enough_keys(self) -> "ApprovalsSpec":
        if len(set(self.keys)) < len(self.keys):
            raise ValueError("each of 'keys' once")
        if self.count > len(self.keys):
            raise ValueError(
                f"'count' must be at most the number of keys, {len(self.keys)}, found {self.count}"
            )
        return self

    def with_keys_read(self, folder: Path) -> "ApprovalsSpec":
        """Return the approvals with the id of each key in place of its file, whose path is relative to ``folder``.

        Raises:
            AuditError: a file holds no public key, or two the same.
        """
        ids: dict[str, str] = {}
        for key in self.keys:
            identity = key if re.fullmatch(KEY_ID, key) else read_public_key(folder / key)
            if identity in ids:
                raise AuditError(
                    where="gate.approvals.keys",
                    expected="a different key of each approver",
                    found=f"the same key in {ids[identity]!r} and {key!r}",
                )
            ids[identity] = key
        return self.model_copy(update={"keys": list(ids)})


class GateSpec(Strict):
    """Rules and how they are decided. ``rules`` None means the default rules.

    ``max_audits`` limits the number of different audits of the same rows, this one included; ``max_waiver_days`` the
    days from the audit's date to the day on which a waiver expires. ``approvals`` are no part of the verdict.
    """

    confidence: Annotated[float, Field(ge=0.5, lt=1)] = 0.95
    min_rows: Annotated[int, Field(ge=0)] = 0
    max_audits: Annotated[int, Field(ge=1)] | None = None
    max_waiver_days: Annotated[int, Field(ge=0)] | None = None
    approvals: ApprovalsSpec | None = None
    rules: list[Rule] | None = None


def today() -> date:
    """Return today's date in UTC, by which waivers are judged unless another is given."""
    return datetime.now(UTC).date()


def _parse_date(value: object) -> object:
    """Accept a date and its ISO text, as JSON writes it; numbers would be read as seconds."""
    if not isinstance(value, str):
        return value
    with suppress(ValueError):
        if (day := date.fromisoformat(value)).isoformat() == value:  # Python reads weeks as well: 2030-W01-1
            return day
    raise ValueError("a date such as 2027-01-31")


def _require_text(value: str) -> str:
    if not value.strip():
        raise ValueError("a text that says something")
    return value


Text = Annotated[str, Field(json_schema_extra={"pattern": r"\S"}), AfterValidator(_require_text)]


class Waiver(Strict):
    """Acceptance of a rule's failure by an owner; the last day on which it counts is the day before ``expires``."""

    rule: Name
    reason: Text
    owner: Text
    expires: Annotated[date, BeforeValidator(_parse_date)]
    covers: Annotated[list[Literal["fail", "inconclusive"]], Field(min_length=1)] = ["fail"]


def require_short(waivers: Sequence[Waiver], gate: GateSpec, on: date) -> None:
    """Require that no waiver expires later than ``gate.max_waiver_days`` after the audit's date ``on``.

    Raises:
        AuditError: one does.
    """
    if gate.max_waiver_days is None:
        return
    for waiver in waivers:
        days = (waiver.expires - on).days
        if days > gate.max_waiver_days:
            raise AuditError(
                where=f"waivers: {waiver.rule}",
                expected=f"a date at most {gate.max_waiver_days} days after {on} (gate.max_waiver_days)",
                found=f"expires: {waiver.expires}, {days:,} days after it",
                fix="let the waiver expire earlier, and renew it then",
            )
