"""Small groups in words: their rows, and the share of the rows that no rule on groups decided on."""

from collections.abc import Iterator, Sequence

from audit.formats.text.where_labels import describe
from audit.numbers import with_interval
from audit.result import GroupFacts, Measurement, Report
from audit.result.small_groups import group_name, where_in_words

_MAX_NAMES = 6


def group_rows(measurement: Measurement, groups: Sequence[GroupFacts]) -> int | None:
    """Return the number of all rows of a measured group or pool; None if the report does not say."""
    rows = next((facts.rows for facts in groups if facts.attribute == measurement.where.get("attribute")), {})
    names = measurement.members or [str(group_name(measurement))]
    known = [rows[name] for name in names if name in rows]
    return sum(known) if len(known) == len(names) else None


def rows_in_words(measurement: Measurement, groups: Sequence[GroupFacts]) -> str:
    """Return the rows of a small group and those in the metric's denominator, such as "159 rows, 19 in the …"."""
    total = group_rows(measurement, groups)
    smallest = f"{measurement.rows:,}"
    if total is None or total == measurement.rows:
        return f"{smallest} rows"
    return f"{total:,} rows, {smallest} in the denominator"


def left_out(report: Report) -> dict[str, tuple[str, str]]:
    """Return the groups that rules left out, the smallest first: rows, and the value in the metric with fewest."""
    fewest: dict[str, Measurement] = {}
    for rule in report.rules:
        for measurement in rule.not_decided:
            where = where_in_words(measurement)
            group = {k: v for k, v in where.items() if k in ("attribute", "group", "unprivileged")}
            name = describe(group) or describe(where) or "all rows"
            fewest[name] = min(measurement, fewest.get(name, measurement), key=lambda m: m.rows)
    return {
        name: (
            rows_in_words(m, report.data.groups),
            f"{m.metric.partition('.')[2]} {with_interval(m.value, m.ci)}",
        )
        for name, m in sorted(fewest.items(), key=lambda item: item[1].rows)
    }


def undecided_rows(report: Report) -> Iterator[str]:
    """Yield for each attribute with a rule which share of the rows is in groups that no rule decided on."""
    for facts in report.data.groups:
        if not any(_attribute(m) == facts.attribute for rule in report.rules for m in rule.not_decided):
            continue
        decided = set(_decided(report, facts))
        left_out = {name: rows for name, rows in facts.rows.items() if name not in decided}
        if left_out:
            rows = sum(left_out.values())
            yield (
                f"{facts.attribute}: no rule decided on {rows / report.data.rows:.1%} of the rows "
                f"({rows:,} of {report.data.rows:,}): {_listed(left_out)}"
            )


def _decided(report: Report, facts: GroupFacts) -> Iterator[str]:
    """Yield the groups of an attribute that rules decided on, alone, pooled or as the privileged side."""
    for rule in report.rules:
        for m in rule.measurements:
            name = group_name(m)
            if _attribute(m) != facts.attribute or name is None:
                continue
            yield from m.members or [name]
            yield from facts.privileged if "privileged" in m.where else []


def _attribute(measurement: Measurement) -> str:
    return str(measurement.where.get("attribute"))


def _listed(groups: dict[str, int]) -> str:
    largest = sorted(groups.items(), key=lambda item: -item[1])
    more = f" and {len(groups) - _MAX_NAMES} more" if len(groups) > _MAX_NAMES else ""
    return ", ".join(f"{name} {rows:,}" for name, rows in largest[:_MAX_NAMES]) + more
