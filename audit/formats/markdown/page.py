"""The whole of `summary.md`: its sections in order of importance, within the length that a comment may have."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TypeVar

from audit.formats.markdown.items import RULES_HEAD, check_item, group_item, rule_item, rule_row, waived_item
from audit.formats.markdown.length_budget import Section, fit
from audit.formats.markdown.subject import FACTS_HEAD, definitions, facts, remarks, subject
from audit.formats.rule_text import SEVERITY, sentence
from audit.formats.small_groups import left_out, undecided_rows
from audit.formats.text.headline import headline
from audit.formats.text.markdown_text import code_block, prose
from audit.formats.text.metric_facts import min_rows
from audit.formats.text.safe_text import clean
from audit.result import CheckResult, Report, RuleResult

T = TypeVar("T")
Undecided = CheckResult | RuleResult

_ICONS = {"pass": "✅", "fail": "❌", "inconclusive": "⚠️"}
_MAX_DETAILED = 20
_POOLED = "Small groups of one attribute are decided together, as one group."


def render(report: Report) -> str:
    """Return ``report`` as GitHub's Markdown of at most 60,000 bytes; equal reports give equal texts.

    The first line has the verdict, in words and numbers of ours alone. Each section gives the number of the items that
    had to be left out.
    """
    return fit(_sections(report))


def _sections(report: Report) -> Iterator[Section]:
    """Yield the sections, the most important first, whose bytes come to 60,000."""
    rules = {status: [r for r in report.rules if r.status == status] for status in SEVERITY}
    crashed = [check for check in report.checks if check.status == "crashed"]
    skipped = [check for check in report.checks if check.status == "skipped"]
    undecided: list[Undecided] = [*crashed, *rules["inconclusive"]]
    yield _lead(report, rules["fail"], undecided)
    if rules["fail"]:
        yield _list(
            "### Not decided", undecided, partial(_undecided_item, report=report), "such entries", 9_000
        )
    yield _list("### Waived", rules["waived"], partial(waived_item, report=report), "waived rules", 5_000)
    yield _list("### Skipped", skipped, check_item, "skipped checks", 2_000)
    yield _list("### Keep in mind", list(remarks(report)), _remark, "remarks", 6_000)
    yield _table(
        "### Rules", RULES_HEAD, [r for group in rules.values() for r in group], rule_row, "rules", 6_500
    )
    yield _groups(report)
    yield _list("### Definitions of the metrics", definitions(report), str, "metrics", 1_000)
    yield _table("### Audited", FACTS_HEAD, facts(report), str, "facts", 5_000)
    commands = [clean(report.policy.command)] if report.policy.command else []
    yield _list("To repeat it:", commands, _shell, "command", 2_500)


def _lead(report: Report, failed: list[RuleResult], undecided: list[Undecided]) -> Section:
    """Return the section that begins with the verdict: what blocked, else what could not be decided."""
    older = f"{prose(report.superseded)}\n\n" if report.superseded else ""
    title = f"## {_ICONS[report.verdict]} {headline(report, report.checks)}\n\n{older}{subject(report)}"
    if failed:
        return _list(f"{title} What failed:", failed, partial(rule_item, report=report), "such rules", 20_000)
    if undecided:
        return _list(
            f"{title} What could not be decided:",
            undecided,
            partial(_undecided_item, report=report),
            "such entries",
            20_000,
        )
    reason = "" if report.verdict == "pass" else f" {prose(sentence(report.reason))}"
    return Section(opening=title + reason, bytes=20_000)


def _list(opening: str, records: Sequence[T], item: Callable[[T], str], things: str, bytes: int) -> Section:
    items = map(item, records[:_MAX_DETAILED])
    return Section(opening=opening, items=items, total=len(records), things=things, bytes=bytes)


def _table(
    title: str, head: str, records: Sequence[T], row: Callable[[T], str], things: str, bytes: int
) -> Section:
    rows = map(row, records)
    return Section(
        opening=f"{title}\n\n{head}", items=rows, total=len(records), things=things, bytes=bytes, rows=True
    )


def _undecided_item(record: Undecided, report: Report) -> str:
    return check_item(record) if isinstance(record, CheckResult) else rule_item(record, report)


def _groups(report: Report) -> Section:
    fewest = min_rows(report)
    limit = f"Fewer than {fewest} rows in a metric's denominator. " if fewest else ""
    opening = f"### Groups too small to decide\n\n{limit}{_POOLED}"
    items = [*map(_remark, undecided_rows(report)), *map(group_item, left_out(report).items())]
    return _list(opening, items, str, "groups", 3_000)


def _remark(text: str) -> str:
    return f"- {prose(text)}"


def _shell(command: str) -> str:
    return code_block(command, "sh")
