"""The gate as data: rules, how they are decided, and waivers."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from audit.policy.fields import Name, Number, Strict
from audit.result import Scalar

_ABSOLUTE = ("at_least", "at_most", "within")

_PAIRED = ("no_worse_than_baseline_by", "better_than_baseline_by")

NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Rule(Strict):
    """A limit on a metric. ``where`` selects measurements, ``id`` is given or made from both.

    Limits of the value itself and of its improvement over the baseline may stand in one rule: both must hold.
    """

    metric: Name
    where: dict[str, Scalar] = {}
    at_least: Number | None = None
    at_most: Number | None = None
    within: NotNegative | None = None
    no_worse_than_baseline_by: NotNegative | None = None
    better_than_baseline_by: NotNegative | None = None
    id: Name | None = None

    @model_validator(mode="after")
    def _limited(self) -> Rule:
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
    def limit(self) -> dict[str, float]:
        """The limits as written, e.g. ``{"at_least": 0.8}``."""
        given = {key: getattr(self, key) for key in (*_ABSOLUTE, *_PAIRED)}
        return {key: value for key, value in given.items() if value is not None}

    @property
    def is_absolute(self) -> bool:
        """Whether it limits the value itself."""
        return not self.limit.keys().isdisjoint(_ABSOLUTE)

    @property
    def least_improvement(self) -> float | None:
        """By how much the candidate must be better than the baseline, at least (below 0: may be worse), or None."""
        asked = [] if self.better_than_baseline_by is None else [self.better_than_baseline_by]
        if self.no_worse_than_baseline_by is not None:
            asked.append(-self.no_worse_than_baseline_by)
        return max(asked, default=None)

    @property
    def bounds(self) -> tuple[float, float]:
        """The closed range of values that hold; infinite where a side is open."""
        low = [-float("inf")] + [v for v in (self.at_least,) if v is not None]
        high = [float("inf")] + [v for v in (self.at_most,) if v is not None]
        if self.within is not None:
            low.append(-self.within)
            high.append(self.within)
        return max(low), min(high)


class GateSpec(Strict):
    """How the verdict is reached. ``rules`` None means the default rules.

    ``max_audits`` bounds how many different audits of the same rows may have been made, this one included.
    """

    confidence: Annotated[float, Field(ge=0.5, lt=1)] = 0.95
    min_rows: Annotated[int, Field(ge=0)] = 0
    max_audits: Annotated[int, Field(ge=1)] | None = None
    rules: list[Rule] | None = None


def today() -> date:
    """Return today's date in UTC, by which waivers are judged unless another is given."""
    return datetime.now(UTC).date()


def _day(value: object) -> object:
    """Accept a date and its ISO text, as JSON writes it; numbers would be read as seconds."""
    if not isinstance(value, str):
        return value
    with suppress(ValueError):
        if (day := date.fromisoformat(value)).isoformat() == value:  # Python reads weeks as well: 2030-W01-1
            return day
    raise ValueError("a date such as 2027-01-31")


def _worded(value: str) -> str:
    if not value.strip():
        raise ValueError("a text that says something")
    return value


Words = Annotated[str, Field(json_schema_extra={"pattern": r"\S"}), AfterValidator(_worded)]


class Waiver(Strict):
    """A rule's failure that somebody answers for, until its date (on that date it no longer counts)."""

    rule: Name
    reason: Words
    owner: Words
    expires: Annotated[date, BeforeValidator(_day)]
    covers: Annotated[list[Literal["fail", "inconclusive"]], Field(min_length=1)] = ["fail"]
