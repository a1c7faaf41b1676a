"""The error for nulls of features that the policy does not replace: all columns at once."""

from collections.abc import Mapping, Sequence

from audit.data.arrow_columns import NullValue, null_count
from audit.data.nulls import Missing
from audit.data.source import Source
from audit.errors import AuditError, Setting, yaml_name
from audit.inputs.feeds import Feed

_MAX_LISTED = 40
_ABSENT = "{absent: true}"


def missing_values(null: NullValue, feeds: Sequence[Feed], source: Source, missing: Missing) -> AuditError:
    """Return the AuditError for nulls that ``data.missing`` does not replace, with the number of each column's.

    ``null`` is the first of them: the others are counted in one more pass over the data.
    """
    counts = _null_counts(null, feeds, source, missing)
    columns = list(counts)[:_MAX_LISTED]
    optional = {name for feed in feeds if feed.optional for name in feed.columns}
    answers = ", ".join(f"{name}: VALUE" for name in columns)
    left_out = "; {absent: true} as VALUE leaves the feature out of the example" * bool(
        optional & set(counts)
    )
    fix = f"say what the serving path sends for a null: data.missing: {{{answers}}}{left_out}"
    settings = [_answer(dict.fromkeys(columns, "VALUE"))]
    if left_out:
        settings.insert(0, _answer({name: _ABSENT if name in optional else "VALUE" for name in columns}))
    if len(counts) == 1:
        return AuditError(
            where=f"data column {columns[0]!r}",
            expected="a value in every row, since the model reads it",
            found=f"{counts[columns[0]]:,} rows without one",
            fix=fix,
            settings=settings,
        )
    words = ", ".join(f"{name!r} ({counts[name]:,})" for name in columns)
    more = f" and {len(counts) - len(columns):,} more" * (len(counts) > len(columns))
    return AuditError(
        where=f"{len(counts):,} data columns",
        expected="a value in every row, since the model reads them",
        found=f"rows without one in {words}{more}",
        fix=fix,
        settings=settings,
    )


def _answer(fills: Mapping[str, str]) -> Setting:
    """Return the setting that gives each column what is sent for a null, unless that is left to fill in."""
    values = ", ".join(f"{yaml_name(name)}: {fill}" for name, fill in fills.items())
    return Setting("data.missing", f"{{{values}}}", complete="VALUE" not in fills.values())


def _null_counts(null: NullValue, feeds: Sequence[Feed], source: Source, missing: Missing) -> dict[str, int]:
    """Return the number of rows without a value by column, for those of the feeds' columns that have some."""
    is_numeric = {
        column: not feed.is_text
        for feed in feeds
        for column in feed.reads
        if feed.fill(missing, column) is None
    }
    is_numeric |= {null.column: null.numeric}
    totals = dict.fromkeys(is_numeric, 0)
    for batch in source.batches(list(is_numeric)):
        for column, numeric in is_numeric.items():
            totals[column] += null_count(batch.column(column), numeric)
    return {column: count for column, count in totals.items() if count}
