"""How well the other features tell of a protected attribute: together, and each by itself."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from audit.checks.explainability.explanation import Explained
from audit.checks.explainability.protected_columns import Found
from audit.checks.explainability.proxy_models import bins, by_rate, by_trees, teachers
from audit.checks.explainability.proxy_sample import MOST_ROWS, Drawn, Side, draw, smaller
from audit.data.protected_attributes import Attribute
from audit.result import Evidence, Measurement, Note, Scalar, Table
from audit.subject.subject import Subject

TOGETHER, ALONE = "explainability.proxy_auc", "explainability.proxy_strength"
_FEATURES = 100
_LEAST = 5
"""Rows (clusters) of either side, among those that are learned from and among the others."""


def proxies(
    explained: Explained, subject: Subject, own: Found, *, rows: int = MOST_ROWS, features: int = _FEATURES
) -> Iterator[Evidence]:
    """Yield what the model's other features tell of each attribute: measurements, the table ``proxies``, notes.

    Unprivileged rows are told from privileged ones.

    Args:
        explained: tells how much of the attribution each feature carries.
        subject: the model and the data; it reads neither pictures nor prose.
        own: the columns of each attribute, which are left out.
        rows: how many are drawn, at most.
        features: how many are looked at, at most: those of most attribution.
    """
    looked_at, drawn = explained.order[:features], draw(subject, rows)
    yield from _notes(drawn, subject, len(explained.order), features)
    found = list[Measurement]()
    for attribute in subject.attributes:
        others = [place for place in looked_at if explained.columns[place].name not in own[attribute.name]]
        found += _told(attribute, others, drawn, explained)
    yield from found
    yield _table(found, explained)


def _notes(rows: Drawn, subject: Subject, features: int, most: int) -> Iterator[Note]:
    if len(rows.index) < subject.rows:
        yield Note(text=f"What other features tell of an attribute is measured on {len(rows.index):,} rows.")
    if features > most:
        yield Note(text=f"Of {features:,} features, the {most} of most attribution are looked at as proxies.")


def _told(
    attribute: Attribute, others: list[int], rows: Drawn, explained: Explained
) -> Iterator[Measurement]:
    """Yield how well all ``others`` tell of the attribute, then each by itself, the strongest first."""
    member = np.isin(attribute.codes[rows.index], attribute.unprivileged)
    learned = teachers(member, rows.clusters, np.random.default_rng([rows.seed, 6]))
    held = Side(member, rows, ~learned)
    enough = min(smaller(member, part, rows) for part in (learned, ~learned)) >= _LEAST
    where: dict[str, Scalar] = {"attribute": attribute.name}
    if not others:
        yield Measurement(metric=TOGETHER, value=0.5, n=len(member), method="exact", where=where)
    elif enough:
        score = by_trees(rows.matrix[:, others], rows.texts[others], member, learned, rows.weights)
        yield held.measured(TOGETHER, score, where)
    else:
        yield held.unknown(TOGETHER, where)
    names = {place: where | {"feature": explained.columns[place].name} for place in others}
    alone = [_alone(place, names[place], rows, member, learned, enough) for place in others]
    yield from sorted(alone, key=lambda m: np.nan_to_num(-m.value, nan=0.0))


def _alone(
    place: int, where: dict[str, Scalar], rows: Drawn, member: np.ndarray, learned: np.ndarray, enough: bool
) -> Measurement:
    """Return how well one feature tells by itself: a text by its rates, a number by its order or its bins' rates.

    Bins have to tell more than the order of all rows, and of the same rows: else the luck of half of them would decide.
    """
    held, every = Side(member, rows, ~learned), Side(member, rows, np.ones(len(member), bool))
    values, is_text = rows.matrix[:, place], rows.texts[place]
    if not enough:
        return held.unknown(ALONE, where) if is_text else every.measured(ALONE, values, where, "direction")
    codes = np.unique(values, return_inverse=True)[1] if is_text else bins(values, learned)
    rated = held.measured(ALONE, by_rate(codes, member, learned, rows.weights), where, "chance")
    if is_text:
        return rated
    ordered = every.measured(ALONE, values, where, "direction")
    same = held.measured(ALONE, values[~learned], where, "direction")
    return rated if rated.value > max(ordered.value, same.value) else ordered


def _table(found: list[Measurement], explained: Explained) -> Table:
    alone = [m for m in found if m.metric == ALONE]
    mean = explained.weighted.mean
    total = float(mean(explained.total)[0])
    sizes = {
        c.name: float(mean(part)[0]) for c, part in zip(explained.columns, explained.size.T, strict=True)
    }
    shares: list[Scalar | None] = [
        sizes[str(m.where["feature"])] / total if total > 0 else None for m in alone
    ]
    columns: dict[str, list[Scalar | None]] = {
        "attribute": [m.where["attribute"] for m in alone],
        "feature": [m.where["feature"] for m in alone],
        "auc": [m.value for m in alone],
        "share": shares,
    }
    return Table(
        name="proxies",
        about="how well each feature alone tells of an attribute: texts by rates, numbers by order or bins",
        columns=columns,
    )
