"""Logits that give attacks a direction where the model's own give none: below what decides, and past what is flat."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from audit.features import Column
from audit.model.feeds import Feed
from audit.model.head import Head
from audit.model.heads import Target, candidates
from audit.model.log_odds import from_scores
from audit.model.logits import confirming
from audit.model.matrix import Decoder
from audit.model.model import Model
from audit.model.straight import has_steps
from audit.model.tails import deciding, match_or_decide
from audit.model.trial import Found, Trial


@dataclass(frozen=True, eq=False)
class StandIn:
    """Class logits, or a regression's value, of a matrix of features, with gradients that pass steps and stops.

    ``exact`` says that their values were confirmed to decide as the uncut model does, ``past`` that the graph has steps
    or stops, and ``evidence`` in words what they are. What they flip is for the uncut model to say.
    """

    logits: Callable[[Any], Any]
    evidence: str
    exact: bool
    past: bool


def find_stand_in(
    model: Model, head: Head, feeds: Sequence[Feed], columns: Sequence[Column], sample: np.ndarray
) -> StandIn | None:
    """Return the logits nearest to the output that decide as the model does; None where there is nothing to gain.

    Args:
        model: the uncut model.
        head: its detected head.
        feeds: what its inputs are made of.
        columns: the columns of ``sample``.
        sample: rows ``(rows, columns)`` on which a cut is confirmed, and as many that mix their values.
    """
    try:
        frozen = model.frozen
    except Exception:  # whatever a graph holds that cannot be frozen cannot be rewritten either
        return None
    sample, expected = confirming(model, head, Decoder(feeds, columns), sample)
    trial = Trial(frozen, feeds, columns, sample, expected, believe=match_or_decide, straight=True)
    output = Target(frozen.output, head.width, "the model's output")
    if head.kind in ("logits", "regression"):
        found = trial(output)
    else:
        found = _first(trial, [*candidates(frozen, head.width), *deciding(frozen, head.width)])
    exact = found is not None
    found = found or trial(replace(output, evidence="the scores"), from_scores)
    if found is None:
        return None
    past = has_steps(frozen.nodes)
    return StandIn(
        _of(found), found.evidence + ("; gradients pass its steps and stops" if past else ""), exact, past
    )


def _first(trial: Trial, targets: Sequence[Target]) -> Found | None:
    return next((found for target in targets if (found := trial(target))), None)


def _of(found: Found) -> Callable[[Any], Any]:
    return lambda matrix: found.graph(found.encoded.encode(matrix))
