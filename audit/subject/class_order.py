"""The order of the classes: which label value each output scores, by the policy, the model or the labels."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from audit.data.labels import REGRESSION, Labels
from audit.errors import ScoresRefused, Setting, quote_list, yaml_value
from audit.result import Scalar
from audit.subject.label_agreement import Agreement
from audit.values import canonical, shown

_MAX_LISTED = 12


@dataclass(frozen=True)
class ClassOrder:
    """The label value that each output scores, in the outputs' order; ``source`` says in words where it comes from.

    ``assumed`` is True if its only evidence is that label values are usually sorted: the data must support it.
    """

    values: list[Scalar]
    source: str
    assumed: bool = False


def class_order(
    labels: Labels, declared: Sequence[Scalar] | None, served: Sequence[str] | None, width: int
) -> ClassOrder:
    """Return which label value each of ``width`` outputs scores; a single one scores the second of two.

    Args:
        labels: labels of the data.
        declared: ``model.classes`` of the policy.
        served: classes that the model returns in addition to its scores.
        width: number of columns of the output.

    Raises:
        ScoresRefused: there are more or fewer classes than label values, or other ones.
    """
    count = 2 if width == 1 else width
    if declared:
        return ClassOrder(_matching_declared(list(declared), labels, count), "the policy")
    if served:
        return ClassOrder(_matching_served(list(served), labels, count), "the model's own output 'classes'")
    if len(labels.values) != count:
        raise _wrong_class_count(labels, width)
    values = list(labels.values)
    if list(map(canonical, values)) in (list(map(str, range(count))), ["False", "True"]):
        return ClassOrder(values, "the label values, which are the numbers of the outputs")
    return ClassOrder(values, "the sorted label values", assumed=True)


def supported_source(order: ClassOrder, agreement: Agreement) -> str:
    """Return in words where an assumed class order comes from, with its agreement with the data.

    Raises:
        ScoresRefused: scores and labels clearly agree in another order.
    """
    identity = np.arange(len(order.values))
    better = agreement.better()
    accuracy = agreement.accuracy(identity)
    if better is None:
        return (
            f"{order.source}: no other order clearly agrees better with the labels (accuracy {accuracy:.3g})"
        )
    differing = np.sort(better[better != identity])
    other = [order.values[label] for label in np.argsort(better)]
    raise _wrong_classes(
        "the order of the classes: scores and labels contradict the sorted label values",
        f"sorted: {_listed(order.values, differing)} (accuracy {accuracy:.3g}); the labels agree better with "
        f"{_listed(other, differing)} (accuracy {agreement.accuracy(better):.3g})",
        "list the label values in the order of the outputs under model.classes",
        [_classes_setting(other), _classes_setting(order.values)],
    )


def better_order(order: ClassOrder, agreement: Agreement) -> str | None:
    """Return a warning if scores and labels clearly agree better in another order than in a given one, else None."""
    better = agreement.better()
    if better is None:
        return None
    differing = np.sort(better[better != np.arange(len(better))])
    other = [order.values[label] for label in np.argsort(better)]
    given_accuracy = agreement.accuracy(np.arange(len(better)))
    return (
        f"The scores agree clearly better with the labels in the order {_listed(other, differing)} (accuracy "
        f"{agreement.accuracy(better):.3g}) than in that of {order.source} (accuracy {given_accuracy:.3g}). If it is "
        "the order of the model's columns (a single one scores the second class), list it under model.classes"
    )


def _listed(values: Sequence[Scalar], differing: np.ndarray) -> str:
    if len(values) <= _MAX_LISTED:
        return f"[{quote_list(values)}]"
    places = ", ".join(f"{values[output]!r} as class {output + 1}" for output in differing[:_MAX_LISTED])
    return places + (" and more" if len(differing) > _MAX_LISTED else "")


def _matching_declared(classes: list[Scalar], labels: Labels, count: int) -> list[Scalar]:
    if len(set(map(labels.identity, classes))) != count or len(classes) != count:
        raise _wrong_classes(
            f"{count} label values, one for each class that the model scores",
            f"{len(classes)}: {quote_list(classes)}",
            "list each once, in the order of the outputs",
        )
    unknown = _unknown(classes, labels)
    if unknown:
        raise _wrong_classes(
            f"every label value of the data: {quote_list(labels.values)}",
            f"{quote_list(classes)}, without {quote_list(unknown)}",
        )
    return _as_shown(classes, labels)


def _matching_served(classes: list[Scalar], labels: Labels, count: int) -> list[Scalar]:
    if len(set(map(labels.identity, classes))) != count or _unknown(classes, labels):
        raise _wrong_classes(
            f"the classes that the model names beside its scores: {quote_list(classes)}",
            f"other label values in the data: {quote_list(labels.values)}",
            "list the label values in the order of the outputs under model.classes",
        )
    return _as_shown(classes, labels)


def _as_shown(classes: Sequence[Scalar], labels: Labels) -> list[Scalar]:
    """Return classes as a report shows the label's values, whoever wrote them."""
    return [shown(labels.identity(value), labels.spelling) for value in classes]


def _unknown(classes: Sequence[Scalar], labels: Labels) -> list[Scalar]:
    known = set(map(labels.identity, classes))
    return [value for value in labels.values if labels.identity(value) not in known]


def _wrong_class_count(labels: Labels, width: int) -> ScoresRefused:
    label_values = f"{len(labels.values)} in the data: {quote_list(labels.values)}"
    if width == 1:
        regression = [] if labels.are_words else [REGRESSION]
        for_numbers = f"set {REGRESSION}, or " if regression else ""
        return ScoresRefused(
            where="model.output",
            expected="two label values, since the model scores one column",
            found=label_values,
            fix=labels.warning or f"{for_numbers}audit a label with two values",
            settings=labels.readings or regression,
        )
    return _wrong_classes(
        f"{width} label values, one for each class that the model scores",
        label_values,
        labels.warning or "list them in the order of the outputs under model.classes",
        labels.readings or ([_classes_setting(labels.values, "VALUE")] if len(labels.values) < width else ()),
    )


def _classes_setting(values: Sequence[Scalar], *more: str) -> Setting:
    """Return classes in the order of the outputs, to be completed with ``more``."""
    listed = ", ".join([*map(yaml_value, values), *more])
    return Setting("model.classes", f"[{listed}]", complete=not more)


def _wrong_classes(
    expected: str, actual: str, fix: str = "", settings: Sequence[Setting] = ()
) -> ScoresRefused:
    return ScoresRefused(where="model.classes", expected=expected, found=actual, fix=fix, settings=settings)
