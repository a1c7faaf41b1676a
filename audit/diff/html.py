"""The difference between two reports as one HTML page in the style of the report."""

from audit.diff import words
from audit.diff.records import ReportDiff
from audit.formats.html.environment import Names, environment, style
from audit.formats.text.where_labels import rows_of


def render(diff: ReportDiff) -> str:
    """Return the difference as the text of an HTML page without scripts or network access."""
    page = (
        environment()
        .get_template("diff.html.j2")
        .render(
            diff=diff,
            words=words,
            headline=words.headline(diff),
            tally=words.tally(diff),
            method=words.method(diff),
            named=words.named(diff.measurements),
            attributions=words.named(diff.attributions),
            by_chance=words.largest_by_chance(diff.attributions),
            unknown=words.open_changes(diff.changes),
            policy=words.by_effect(diff.policy),
            names=Names(),
            rows_of=rows_of,
            style=style(),
        )
    )
    return page.strip() + "\n"
