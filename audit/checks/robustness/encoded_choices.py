"""One-hot groups under attack: held still by default, or moved as one choice where the policy names them."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from audit.attacks.threat_model import ThreatModel
from audit.errors import AuditError, quote_list, yaml_name
from audit.result import Note
from audit.subject.encoded_columns import MOST_WHOLE_VALUES
from audit.subject.subject import Subject

IMMUTABLE = "immutable"
_MAX_COLUMNS = 4
_MAX_GROUPS = 6


class EncodedChoices(NamedTuple):
    """One-hot groups by what attacks may do: the reason of each column of those that stay, and those that move."""

    reasons: dict[str, str]
    choices: tuple[np.ndarray, ...]


def encoded_choices(
    groups: Sequence[Sequence[int]], names: Sequence[str], move: Collection[str], fixed: Collection[str]
) -> EncodedChoices:
    """Return which groups stay and which move: those of which ``move`` names a column.

    Raises:
        AuditError: a column of a group that moves is immutable.
    """
    reasons: dict[str, str] = {}
    choices = []
    for group in groups:
        columns = [names[place] for place in group]
        if not any(name in move for name in columns):
            reasons |= {name: _reason(columns) for name in columns if name not in fixed}
            continue
        if immutable := [name for name in columns if name in fixed]:
            raise AuditError(
                where="checks.robustness.move",
                expected="groups without a column of checks.robustness.immutable",
                found=f"the group {_listed(columns)}, of which {quote_list(immutable)} is immutable",
            )
        choices.append(np.array(group))
    return EncodedChoices(reasons, tuple(choices))


def _reason(columns: Sequence[str]) -> str:
    """Return a reason short enough for the page."""
    return f"one choice of {len(columns)} columns, unless move: [{yaml_name(columns[0])}]"


def notes_on_encoded_columns(
    subject: Subject, threat_model: ThreatModel, reasons: Mapping[str, str]
) -> Iterator[Note]:
    """Yield which one-hot groups were held or moved, and which columns of few whole numbers move in steps."""
    columns = subject.features.columns
    encoded = subject.encoded.names(columns)
    choices = [[columns[place].name for place in choice] for choice in threat_model.choices]
    still = [
        g for g in encoded.groups if g not in choices and any(reasons.get(name) != IMMUTABLE for name in g)
    ]
    if still:
        yield Note(
            text=f"0/1 columns that sum to one in every row were held still, {_of_groups(still)}. "
            "checks.robustness.move names those that attacks may move, each group as one choice."
        )
    if choices:
        yield Note(
            text=f"Moved as one choice, at every eps above 0 and not counted in its size: {_of_groups(choices)}."
        )
    if steps := [name for name in encoded.whole_numbers if reasons.get(name) != IMMUTABLE]:
        yield Note(
            text=f"Columns of at most {MOST_WHOLE_VALUES} values, all of them whole numbers, move in whole steps, or "
            f"stay where eps is less than a step: {quote_list(steps)}."
        )


def _of_groups(groups: Sequence[Sequence[str]]) -> str:
    listed = "; ".join(_listed(group) for group in groups[:_MAX_GROUPS])
    more = len(groups) - _MAX_GROUPS
    groups_word = "one group" if len(groups) == 1 else f"{len(groups)} groups"
    return f"{groups_word} ({listed}{f'; and {more} more' if more > 0 else ''})"


def _listed(columns: Sequence[str]) -> str:
    return quote_list(columns, _MAX_COLUMNS)
