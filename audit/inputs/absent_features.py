"""Features that `data.missing` leaves out of serialized examples, where the parser allows it."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from audit.data.nulls import Missing, replacement
from audit.errors import AuditError, quote_list
from audit.inputs.feeds import Feed
from audit.policy.model import Absent


def with_optional(feeds: Sequence[Feed], optional: Collection[str], missing: Missing) -> list[Feed]:
    """Return the feeds, marked as optional where an example may lack the feature.

    ``optional`` are the names of features that the model's parser does not require.

    Raises:
        AuditError: ``missing`` leaves out a column whose feature is required.
    """
    return [_marked(feed, feed.name in optional and len(feed.columns) == 1, missing) for feed in feeds]


def left_out(feeds: Sequence[Feed], missing: Missing) -> list[str]:
    """Return the names of the features that ``missing`` leaves out where they are null."""
    return [feed.name for feed in feeds if feed.optional and _asked(feed, missing)]


def _asked(feed: Feed, missing: Missing) -> list[str]:
    return [name for name in feed.reads if isinstance(replacement(missing, name), Absent)]


def _marked(feed: Feed, optional: bool, missing: Missing) -> Feed:
    named = [name for name in _asked(feed, missing) if name in missing]
    if named and not optional:
        raise AuditError(
            where=f"data.missing.{named[0]}",
            expected="a feature of a serialized example, of one value, that the model may do without",
            found=f"{quote_list(named)}, which the model's input {feed.name!r} requires, or takes several values of",
            fix="give the value that the serving path sends for a null",
        )
    return replace(feed, optional=optional) if optional else feed
