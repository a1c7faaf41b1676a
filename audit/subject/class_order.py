"""Which label value each output scores: as the policy or the model says, else as the label values do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from audit.data.labels import Labels
from audit.errors import AuditError, quote_list
from audit.result import Scalar
from audit.subject.label_agreement import Agreement

_MOST_LISTED = 12


@dataclass(frozen=True)
class ClassOrder:
    """The label values in the order of the outputs. ``source`` says in words where it comes from.

    ``assumed`` is True where nothing but the sorted label values stands for it: the data must bear it out.
    """

    values: list[Scalar]
    source: str
    assumed: bool = False


def class_order(
    labels: Labels, given: Sequence[Scalar] | None, served: Sequence[str] | None, width: int
) -> ClassOrder:
    """Return the order of the classes of an output with ``width`` columns; one column scores the second of two.

    Args:
        labels: those of the data.
        given: ``model.classes`` of the policy.
        served: the classes that the model itself names beside its scores.
        width: columns of the output.

    Raises:
        AuditError: there are more or fewer classes than label values, or other ones.
    """
    count = 2 if width == 1 else width
    if given:
        return ClassOrder(_complete(list(given), labels, count), "the policy")
    if served:
        return ClassOrder(_served(list(served), labels, count), "the model's own output 'classes'")
    if len(labels.values) != count:
        raise _other_number(labels, width)
    values = list(labels.values)
    if values == list(range(count)):  # False and True as well
        return ClassOrder(values, "the label values, which are the numbers of the outputs")
    return ClassOrder(values, "the sorted label values", assumed=True)


def borne_out(order: ClassOrder, agreement: Agreement) -> str:
    """Return what an assumed order rests on, in words.

    Raises:
        AuditError: scores and labels clearly go together in another order.
    """
    straight = np.arange(len(order.values))
    better, accuracy = agreement.better(), agreement.accuracy(straight)
    if better is None:
        return (
            f"{order.source}: no other order clearly agrees better with the labels (accuracy {accuracy:.3g})"
        )
    moved = np.sort(better[better != straight])
    other = [order.values[label] for label in np.argsort(better)]
    told = [
        f"{_listed(values, moved)} (accuracy {share:.3g})"
        for values, share in ((order.values, accuracy), (other, agreement.accuracy(better)))
    ]
    raise AuditError(
        where="model.classes",
        expected="the order of the classes, where scores and labels do not agree on the sorted label values",
        found=f"sorted: {told[0]}; the data speak for {told[1]}",
        fix="list the label values in the order of the outputs under model.classes",
    )


def _listed(values: Sequence[Scalar], moved: np.ndarray) -> str:
    if len(values) <= _MOST_LISTED:
        return f"[{quote_list(values)}]"
    places = ", ".join(f"{values[output]!r} as class {output + 1}" for output in moved[:_MOST_LISTED])
    return places + (" and more" if len(moved) > _MOST_LISTED else "")


def key(value: Scalar) -> str:
    """Return what label values are compared by: ``1``, ``1.0`` and ``"1"`` are one class."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _complete(classes: list[Scalar], labels: Labels, count: int) -> list[Scalar]:
    if len({key(value) for value in classes}) != count or len(classes) != count:
        raise AuditError(
            where="model.classes",
            expected=f"{count} label values, one for each class that the model scores",
            found=f"{len(classes)}: {quote_list(classes)}",
            fix="list each once, in the order of the outputs",
        )
    unknown = _unknown(classes, labels)
    if unknown:
        raise AuditError(
            where="model.classes",
            expected=f"every label value of the data: {quote_list(labels.values)}",
            found=f"{quote_list(classes)}, without {quote_list(unknown)}",
        )
    return classes


def _served(classes: list[Scalar], labels: Labels, count: int) -> list[Scalar]:
    if len({key(value) for value in classes}) != count or _unknown(classes, labels):
        raise AuditError(
            where="model.classes",
            expected=f"the classes that the model names beside its scores: {quote_list(classes)}",
            found=f"other label values in the data: {quote_list(labels.values)}",
            fix="list the label values in the order of the outputs under model.classes",
        )
    own = {key(value): value for value in labels.values}
    return [own.get(key(name), name) for name in classes]


def _unknown(classes: Sequence[Scalar], labels: Labels) -> list[Scalar]:
    keys = {key(value) for value in classes}
    return [value for value in labels.values if key(value) not in keys]


def _other_number(labels: Labels, width: int) -> AuditError:
    found = f"{len(labels.values)} in the data: {quote_list(labels.values)}"
    if width == 1:
        return AuditError(
            where="model.output",
            expected="two label values, since the model scores one column",
            found=found,
            fix="set model.output: regression, or audit a label with two values",
        )
    return AuditError(
        where="model.classes",
        expected=f"{width} label values, one for each class that the model scores",
        found=found,
        fix="list them in the order of the outputs under model.classes",
    )
