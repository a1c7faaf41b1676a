"""Comparison of two scorings of the same rows, up to rounding in the coarsest type that the graph computes in."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from audit.errors import AuditError, MachineFault
from audit.frameworks.tensorflow_loader import tensorflow
from audit.model.graph.traversal import all_nodes
from audit.model.model import Model

_EPS = {"float64": 2.0**-52, "float32": 2.0**-23, "float16": 2.0**-10, "bfloat16": 2.0**-7}
_EIGHT_BIT_EPS = 2.0**-8  # the step of a fully used 8-bit range: rounding moves an activation by one
_TENSOR_FLOAT_32_EPS = 2.0**-10  # what a GPU multiplies 32-bit floats in

_MAX_FLIPPED_SHARE = 0.02
"""Share of rows whose decision may differ: rounding moves only scores that are next to the threshold."""

_Size = int | np.ndarray


@dataclass(frozen=True)
class ScoreComparison:
    """Raises an error where scores of the same rows differ by more than rounding.

    Sums are computed in another order in a batch of another size, and what cancels in them is lost: up to about half
    of the digits, hence the square root of eps. Healthy networks stayed below a fiftieth of what is allowed here, and
    dropout and batch statistics of 16-bit networks beyond four times of it.

    ``tensors`` are the model's inputs, ``raw`` its scores of them as the audit computed them ``(rows, width)``, and
    ``numbers`` the rows' numbers in the data, int64 ``(rows,)``, from 1.
    """

    model: Model
    tensors: Mapping[str, Any]
    raw: np.ndarray
    numbers: np.ndarray

    def score(self, rows: np.ndarray, number: int | None = None) -> np.ndarray:
        """Return the model's scores of some rows in one batch; ``number`` is that of the first, for its errors."""
        return self._scores(self._gathered(rows), number)

    def score_each(self, batches: Sequence[np.ndarray]) -> Iterator[np.ndarray]:
        """Yield the model's scores of batches of rows, whose inputs are gathered at once: a gather costs as many do."""
        gathered = self._gathered(np.concatenate(batches))
        split = {
            name: tensorflow().split(tensor, [len(batch) for batch in batches])
            for name, tensor in gathered.items()
        }
        for place in range(len(batches)):
            yield self._scores({name: parts[place] for name, parts in split.items()})

    def _gathered(self, rows: np.ndarray) -> dict[str, Any]:
        return {name: tensorflow().gather(tensor, rows) for name, tensor in self.tensors.items()}

    def _scores(self, inputs: Mapping[str, Any], number: int | None = None) -> np.ndarray:
        return self.model(inputs, int(self.numbers[0]) if number is None else number)

    def score_singly(self, rows: np.ndarray) -> np.ndarray:
        """Return the model's scores of some rows, each in a batch of its own.

        Raises:
            AuditError: the model takes no single row.
        """
        return np.concatenate([self._score_alone(row) for row in rows])

    def _score_alone(self, row: int) -> np.ndarray:
        number = int(self.numbers[row])
        try:
            return self.score(np.array([row]), number)
        except MachineFault:
            raise
        except AuditError as error:
            raise AuditError(
                where=error.where,
                expected=f"a score for row {number:,} alone, as in a batch of several rows",
                found=error.found,
                fix="export a signature that takes any number of rows, one as well",
            ) from error

    def repeated(self, rows: np.ndarray, once: np.ndarray, again: np.ndarray) -> None:
        """Raise an error if scores of one batch differ from call to call."""
        self._require_equal(
            rows, once, again, "on every call", "{}, and {} in a second call with the same batch"
        )

    def single(self, rows: np.ndarray, single: np.ndarray, batched: np.ndarray, size: _Size) -> None:
        """Raise an error if scores of single rows differ from those in a batch of ``size`` rows."""
        scores = "{0} alone, {1} in a batch of {2:,}"
        self._require_equal(rows, single, batched, "alone or among others", scores, (size,), cause=False)

    def reordered(
        self, rows: np.ndarray, one: np.ndarray, other: np.ndarray, sizes: tuple[_Size, _Size]
    ) -> None:
        """Raise an error if scores differ between batches of ``sizes`` rows, with the rows in another order."""
        scores = "{0} in a batch of {2:,}, {1} in one of {3:,} in another order"
        self._require_equal(rows, one, other, "in whichever batch and place", scores, sizes)

    def _require_equal(
        self,
        rows: np.ndarray,
        one: np.ndarray,
        other: np.ndarray,
        when: str,
        scores: str,
        sizes: Sequence[_Size] = (),
        cause: bool = True,
    ) -> None:
        """Raise an error about the largest difference, unless it is rounding."""
        difference = np.abs(one.astype(np.float64) - other.astype(np.float64))
        at = np.unravel_index(difference.argmax(), difference.shape)
        largest = difference[at]
        is_rounding = largest <= self._rounding(eps_of(self.raw.dtype.name)) or largest <= self._rounding(
            self._coarsest
        )
        if is_rounding and flipped_share(one, other) <= _MAX_FLIPPED_SHARE:
            return
        operations = random_operations(self.model.signature.function) if cause else []
        random = f" (the graph draws random numbers: {', '.join(operations)})" if operations else ""
        column = f", column {at[1] + 1}" if self.model.width > 1 else ""
        of_row = [int(np.broadcast_to(size, len(rows))[at[0]]) for size in sizes]
        values = scores.format(f"{one[at]:.6g}", f"{other[at]:.6g}", *of_row)
        raise AuditError(
            where=f"{self.model.where}: output {self.model.output!r}",
            expected=f"the same score for the same row, {when}",
            found=f"row {self.numbers[rows[at[0]]]:,}{column}: {values}{random}",
            fix="export the model in inference mode (training=False): dropout, sampling and batch statistics "
            "are for training only",
        )

    @cached_property
    def _coarsest(self) -> float:
        """The largest eps in the whole graph: scores may be of a finer type than what they are computed from."""
        return coarsest_eps(self.model.signature.function)

    @cached_property
    def _scale(self) -> "_Scale":
        values = self.raw.astype(np.float64)
        largest = float(np.abs(values).max())
        return _Scale(largest, max(float(np.ptp(values)), largest / 16))  # scores may hardly differ

    def _rounding(self, eps: float) -> float:
        return float(np.sqrt(eps) / 4 * self._scale.spread + eps * self._scale.largest)


def flipped_share(one: np.ndarray, other: np.ndarray) -> float:
    """Return the share of rows that two scorings decide otherwise, in [0, 1].

    Several columns are decided by the largest, and one of probabilities by 0.5; other scores have no decision here.
    """
    if one.shape[1] > 1:
        return float((one.argmax(1) != other.argmax(1)).mean())
    is_probability = min(one.min(), other.min()) >= 0 and max(one.max(), other.max()) <= 1
    return float(((one >= 0.5) != (other >= 0.5)).mean()) if is_probability else 0.0


class _Scale(NamedTuple):
    """The largest absolute score, and the range of scores."""

    largest: float
    spread: float


def eps_of(dtype: str) -> float:
    """Return the distance from 1 to the next number of a floating-point type; of float32 as the device computes it."""
    tf = tensorflow()
    # a GPU may round 32-bit floats before it multiplies them
    if dtype == "float32" and tf.config.experimental.tensor_float_32_execution_enabled():
        return _TENSOR_FLOAT_32_EPS if tf.config.list_logical_devices("GPU") else _EPS[dtype]
    return _EPS[dtype]


def coarsest_eps(function: Any) -> float:
    """Return the largest eps of the types that a ConcreteFunction computes in, the functions it calls included."""
    names = {tensorflow().as_dtype(name).as_datatype_enum: name for name in _EPS}
    coarsest = _EPS["float64"]
    for node in all_nodes(function.graph.as_graph_def()):
        types = [attribute.type for attribute in node.attr.values()]
        coarsest = max([coarsest, *(eps_of(names[number]) for number in types if number in names)])
        if "Quant" in node.op:
            coarsest = max(coarsest, _EIGHT_BIT_EPS)
    return coarsest


def random_operations(function: Any) -> list[str]:
    """Return the types of the operations that draw random numbers, sorted."""
    operations = {node.op for node in all_nodes(function.graph.as_graph_def())}
    return sorted(
        name for name in operations if "Random" in name or name in ("Multinomial", "StatelessMultinomial")
    )
