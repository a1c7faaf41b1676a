"""Labels of measurements: their ``where`` in words, without keys that all of them share."""

from collections.abc import Mapping, Sequence

from audit.result import Measurement, Scalar
from audit.result.small_groups import where_in_words

Where = Mapping[str, Scalar]

_MEMBER = ("group", "unprivileged")


def describe(where: Where) -> str:
    """Return ``where`` in words: ``race: Black against White`` or ``attack fgsm, eps 0.1``; empty for an empty one."""
    group = [_named(where, key) for key in ("attribute", *_MEMBER) if key in where]
    groups = [": ".join(group)] if group else []
    if "privileged" in where:
        groups.append(f"against {scalar(where['privileged'])}")
    known = {"attribute", "privileged", *_MEMBER}
    others = [f"{key} {scalar(value)}" for key, value in where.items() if key not in known]
    return ", ".join([*([" ".join(groups)] if groups else []), *others])


def _named(where: Where, key: str) -> str:
    return "every group" if (key, where[key]) == ("attribute", "*") else scalar(where[key])


def scalar(value: Scalar) -> str:
    """Return a value of ``where`` as text, as a policy writes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def shared(measurements: Sequence[Measurement]) -> dict[str, Scalar]:
    """Return the part of ``where`` (keys with their values) that is the same in all ``measurements``."""
    first, *rest = [where_in_words(m) for m in measurements] or [{}]
    return {k: v for k, v in first.items() if all(k in w and w[k] == v for w in rest)}


def without(where: Where, keys: Where) -> dict[str, Scalar]:
    """Return ``where`` without the keys of ``keys``."""
    return {key: value for key, value in where.items() if key not in keys}


def rows_of(measurement: Measurement) -> int:
    """Return the number of rows to show with a value: of a comparison, that of its smaller side."""
    return measurement.rows if "unprivileged" in measurement.where else measurement.n


def panel_of(where: Where) -> dict[str, Scalar]:
    """Return the part of ``where`` that the rows of one chart share: all but the group; empty without a group."""
    return {} if where.keys().isdisjoint(_MEMBER) else without(where, dict.fromkeys(_MEMBER, ""))


def row_label(where: Where, panel: Where) -> str:
    """Return the label of one row inside ``panel``: a single value is shown without its key."""
    rest = without(where, panel)
    return scalar(next(iter(rest.values()))) if len(rest) == 1 else describe(rest) or "all rows"
