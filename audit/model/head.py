"""The head of a model: whether its output is probabilities, one sigmoid column, logits or a regression.

Detected by the operation that computes the output, else by the values on the data, and never against the evidence:
where both leave it open, the error asks for ``model.output``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import expit, softmax

from audit.errors import ScoresRefused, Setting
from audit.model.graph.traversal import Operation

Kind = Literal["probabilities", "sigmoid", "logits", "regression"]
Declared = Literal["auto", "probabilities", "logits", "regression"]

ONE_COLUMN = Setting("model.output", "{name: OUTPUT, column: NUMBER}", complete=False)
_KINDS = [Setting("model.output", kind) for kind in ("probabilities", "logits", "regression")]
_FIRST_COLUMN = Setting("model.output", "{name: OUTPUT, column: 0, kind: regression}", complete=False)
_LINEAR = frozenset(
    {"BiasAdd", "MatMul", "Add", "AddV2", "BatchMatMul", "BatchMatMulV2", "Einsum", "Placeholder"}
)
_SUM_TOLERANCE = 2e-3  # a float16 softmax's rows sum to one only this well
_BFLOAT16_SUM_TOLERANCE = 2.0**-6
# A softmax in bfloat16 rounds exponentials, their sum, its reciprocal and the product to 8 bits each. oneDNN computes
# in float32 and rounds once; without it (other processors, TF_ENABLE_ONEDNN_OPTS=0) rows sum to 0.990 to 1.012.
_RANGE_TOLERANCE = 1e-6


@dataclass(frozen=True)
class Head:
    """The kind of an output of ``width`` columns, with the evidence in words."""

    kind: Kind
    width: int
    evidence: str

    @property
    def is_linear(self) -> bool:
        """Whether the output is not squashed by a sigmoid or softmax: logits, or a regression's value."""
        return self.kind in ("logits", "regression")

    def probabilities(self, raw: np.ndarray, first_row: int = 1) -> np.ndarray:
        """Turn raw outputs ``(rows, width)`` into class probabilities ``(rows, classes)``, float64.

        One column gives two classes and scores the second. ``first_row`` is the number of the first row, for messages.

        Raises:
            ScoresRefused: a value contradicts the detected kind.
        """
        values = raw.astype(np.float64)
        if self.kind == "logits":
            one_column = self.width == 1
            return (
                np.stack([expit(-values[:, 0]), expit(values[:, 0])], 1) if one_column else softmax(values, 1)
            )
        problem = _not_probabilities(values, self.width, first_row)
        if problem:
            raise _contradiction(f"probabilities ({self.evidence})", problem)
        return np.concatenate([1 - values, values], 1) if self.width == 1 else values


def detect_head(
    declared: Declared, operation: Operation, width: int, sample: np.ndarray | None
) -> Head | None:
    """Return the head of an output, None if only data can decide and there is no ``sample``.

    Args:
        declared: ``model.output`` of the policy.
        operation: the operation that computes the output.
        width: number of columns of the output.
        sample: raw outputs ``(rows, width)`` of the first rows.

    Raises:
        ScoresRefused: the operation and the values leave the kind open, or contradict the policy.
    """
    if declared != "auto":
        return _declared(declared, operation, width)
    if operation.type == ("Sigmoid" if width == 1 else "Softmax"):
        return _of_probabilities(width, f"computed by {operation.type} ({operation.name})")
    return None if sample is None else _by_values(operation, width, sample)


def _of_probabilities(width: int, evidence: str) -> Head:
    return Head("sigmoid" if width == 1 else "probabilities", width, evidence)


def _declared(declared: Kind, operation: Operation, width: int) -> Head:
    if declared == "regression" and operation.type == "Softmax":
        raise _contradiction("a regression, as declared", "an output computed by Softmax")
    if declared == "regression" and width != 1:
        raise _contradiction(
            "one output column for a regression",
            f"{width} columns",
            f"choose one: {_FIRST_COLUMN}",
            [_FIRST_COLUMN],
        )
    if declared == "logits" and operation.type in ("Sigmoid", "Softmax"):
        raise _contradiction("logits, as declared", f"an output computed by {operation.type}")
    evidence = f"declared in the policy (computed by {operation.type})"
    is_probability = declared == "probabilities"
    return _of_probabilities(width, evidence) if is_probability else Head(declared, width, evidence)


def _by_values(operation: Operation, width: int, sample: np.ndarray) -> Head:
    values = sample.astype(np.float64)
    problem = _not_probabilities(values, width)
    low = values.min()
    high = values.max()
    evidence = (
        f"computed by {operation.type}; values from {low:.3g} to {high:.3g} in the first {len(values):,} rows"
    )
    outside = low < -_RANGE_TOLERANCE or high > 1 + _RANGE_TOLERANCE
    # A score from 0 to 100 lies outside [0, 1] as well: logits have both signs, and a single one is linear.
    both_signs = low < 0 < high and operation.type not in ("Sigmoid", "Softmax")
    if outside and (
        operation.type == "LogSoftmax" or (both_signs and (width > 1 or operation.type in _LINEAR))
    ):
        return Head("logits", width, evidence)
    if not problem and not (width == 1 and operation.type in _LINEAR):
        return _of_probabilities(width, evidence)
    are_sigmoids = width > 1 and operation.type == "Sigmoid"
    raise ScoresRefused(
        where="model.output",
        expected="an output that is a softmax, one sigmoid column, or logits",
        found=f"{width} column{'s' * (width > 1)} {evidence}{f'; {problem}' if problem and not outside else ''}",
        fix="export one output for each label: several sigmoids are no classes of one label; or choose a column, "
        f"from 0: {ONE_COLUMN}"
        if are_sigmoids
        else "say in the policy what it is: model.output: probabilities, logits or regression",
        settings=[ONE_COLUMN] if are_sigmoids else _KINDS,
    )


def _not_probabilities(values: np.ndarray, width: int, first_row: int = 1) -> str | None:
    low = values.min(initial=np.inf)  # a batch may have no row
    high = values.max(initial=-np.inf)
    if low < -_RANGE_TOLERANCE or high > 1 + _RANGE_TOLERANCE:
        row = int(np.abs(values - 0.5).max(axis=1).argmax())
        farthest = values[row][np.abs(values[row] - 0.5).argmax()]
        return f"values from {low:.4g} to {high:.4g}: {farthest:.6g} in row {first_row + row:,}"
    return _sum_not_one(values, first_row) if width > 1 else None


def _sum_not_one(values: np.ndarray, first_row: int) -> str | None:
    sums = values.sum(1)
    errors = np.abs(sums - 1)
    if errors.max(initial=0.0) <= _SUM_TOLERANCE or (excess := errors - _tolerances(values)).max() <= 0:
        return None
    row = int(excess.argmax())
    return (
        f"rows that sum to {sums.min():.4g} to {sums.max():.4g}: {sums[row]:.6g} in row {first_row + row:,}"
    )


def _tolerances(values: np.ndarray) -> np.ndarray:
    """Return the tolerance of each row's sum: numbers of bfloat16 stay such when they are cast."""
    is_bfloat16 = (values.astype(np.float32).view(np.uint32) & 0xFFFF == 0).all(axis=1)
    return np.where(is_bfloat16, _BFLOAT16_SUM_TOLERANCE, _SUM_TOLERANCE)


def _contradiction(
    expected: str,
    actual: str,
    fix: str = "correct model.output in the policy, or the exported model",
    settings: Sequence[Setting] = (),
) -> ScoresRefused:
    return ScoresRefused(where="model.output", expected=expected, found=actual, fix=fix, settings=settings)
