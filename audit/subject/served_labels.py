"""Comparison of the audit's decisions with the label that the model itself returns for each row."""

from collections.abc import Sequence
from math import floor, isnan

import numpy as np

from audit.data.labels import Labels
from audit.errors import ScoresRefused, Setting, quote_list, yaml_value
from audit.model.decision import DecisionRule
from audit.model.label_outputs import LabelOutput
from audit.model.output_choice import ANOTHER_OUTPUT
from audit.result import Scalar
from audit.subject.predictions import Classified

_TIES = {"float16": 2.0**-10, "bfloat16": 2.0**-7, "float64": 1e-12}
_TIE = 1e-6
_MAX_TIED_SHARE = 0.01
_MAX_VALUES = 100
"""Distinct values of a label output: more are no labels."""


def classes_of(label: LabelOutput, values: Sequence[Scalar], labels: Labels) -> list[int] | None:
    """Return the class of each value of a label output: a label value, or a class's number; None if it is neither.

    ``values`` are the label values in the order of the classes.
    """
    index = {labels.identity(value): at for at, value in enumerate(values)}
    by_value = [index.get(labels.identity(value)) for value in label.values]
    if None not in by_value and not label.is_number:
        return [at for at in by_value if at is not None]
    numbers = [value for value in label.values if not isinstance(value, str) and value in range(len(values))]
    return [int(number) for number in numbers] if len(numbers) == len(label.values) else None


def compare_labels(label: LabelOutput, scores: Classified, rule: DecisionRule, labels: Labels) -> list[str]:
    """Return a warning if the threshold of the policy makes decisions other than the model's own label.

    Raises:
        ScoresRefused: the decisions differ from the label in another way.
    """
    at = classes_of(label, scores.classes, labels)
    if at is None:
        at = _majority(label, scores)
        if at is None:
            return [
                f"The output {label.name!r} has {len(label.values):,} distinct values, and was not compared with the "
                "audit's decisions. If it is the label that is served, export it as one value a class."
            ]
    served = np.asarray(at, np.int32)[label.codes]
    differ = served != scores.guess
    if len(scores.classes) == 2:
        tied = np.abs(scores.favorable - rule.threshold) <= _TIES.get(scores.dtype.name, _TIE)
        if tied.mean() <= _MAX_TIED_SHARE:  # more than rounding explains: an output that is made to tie
            differ &= ~tied
    if not differ.any():
        return []
    count = f"{int(differ.sum()):,} of {len(differ):,} rows"
    cutoff = _cutoff(scores, np.isin(served, rule.favorable)) if len(scores.classes) == 2 else None
    if cutoff is not None and rule.threshold != 0.5:
        return [
            f"The model's own output {label.name!r} differs in {count}: it uses a threshold of about {cutoff:g}. "
            f"The audit uses data.threshold: {rule.threshold:g}."
        ]
    fix, setting = _answer(scores, served, cutoff)
    raise ScoresRefused(
        where=f"output {label.name!r}",
        expected="the label that the audit decides on from the scores",
        found=f"another in {count}, first in row {int(differ.argmax()) + 1:,}",
        fix=fix,
        settings=[setting],
    )


def _answer(scores: Classified, served: np.ndarray, cutoff: float | None) -> tuple[str, Setting]:
    """Return what to do in words, and as a setting."""
    if cutoff is not None:
        threshold = Setting("data.threshold", f"{cutoff:g}")
        return f"the model decides at another threshold: {threshold}", threshold
    if len(scores.classes) == 2 and (served != scores.guess).mean() > 0.99:
        classes = scores.classes[::-1]
        swapped = Setting("model.classes", f"[{', '.join(map(yaml_value, classes))}]")
        return f"the scores are those of the other class: model.classes: [{quote_list(classes)}]", swapped
    fix = f"audit the output that gives the probability of each class, by {ANOTHER_OUTPUT}"
    return fix, ANOTHER_OUTPUT


def _majority(label: LabelOutput, scores: Classified) -> list[int] | None:
    """Return the class that goes with each value in most rows; None for fractions and many values, which are no labels.

    NaN is a label like another, and contradicts in every row that the other class has.
    """
    fractions = any(isinstance(value, float) and not isnan(value) for value in label.values)
    if fractions or len(label.values) > _MAX_VALUES:
        return None
    table = np.zeros((len(label.values), len(scores.classes)))
    np.add.at(table, (label.codes, scores.guess), 1)
    return [int(at) for at in table.argmax(1)]


def _cutoff(scores: Classified, served_favorable: np.ndarray) -> float | None:
    """Return a short number between the scores of both labels, None if the label does not rise with the score."""
    low = scores.favorable[~served_favorable].max(initial=-np.inf)
    high = scores.favorable[served_favorable].min(initial=np.inf)
    if not np.isfinite([low, high]).all() or low > high + _TIE:
        return None
    return _shortest(float(low), float(high))


def _shortest(low: float, high: float) -> float:
    """Return the decimal with the fewest digits that lies above ``low`` and is at most ``high``."""
    for digits in range(1, 17):
        candidate = floor(high * 10.0**digits + 1e-9) / 10.0**digits
        if low < candidate <= high:
            return candidate
    return high
