"""The label column: classes of a classification or targets of a regression, and the favourable outcome."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from audit.data.arrow_columns import NULL_WORDS, numbers
from audit.data.category_codes import NULL_CODE, Categories, Coder, PolicyValues
from audit.data.limits import reaches
from audit.errors import AuditError, Setting, quote_list, yaml_value
from audit.policy.model import AtLeast, DataSpec, Kind
from audit.result import Scalar
from audit.stats.row_blocks import compact
from audit.values import Spelling, ambiguity_warning, is_number, read_as, shown, spelling_settings

REGRESSION = Setting("model.output", "regression")
MAX_CLASSES = 1000
MAX_TARGET = 1e50
"""Greatest size of a regression's labels and predictions: a 64-bit float holds the sixth power, as skewness needs."""

MEASURABLE = f"labels between -{MAX_TARGET:g} and {MAX_TARGET:g}, whose errors can be measured"
_MAX_LIKELY_CLASSES = 20  # numbers of more values than this are as likely measured as classes


@dataclass(frozen=True)
class Labels:
    """Labels of a classification: ``codes`` (in the smallest unsigned type, one a row) index the sorted ``values``.

    ``favorable`` are the indices of the favourable values, none if the policy names none of several. ``spelling`` is
    the label's entry in ``data.values``; ``warning`` quotes values that may be spellings of one, None without any;
    ``readings`` are the settings that it names.
    """

    values: list[Scalar]
    codes: np.ndarray
    favorable: list[int]
    spelling: Spelling | None = None
    warning: str | None = None
    readings: Sequence[Setting] = ()

    @property
    def are_words(self) -> bool:
        """Whether a value is text, so that no regression predicts it."""
        return _are_words(self.values)

    def identity(self, value: Scalar) -> str:
        """Return the text that identifies a class: of the data, the policy, or the model's own output.

        It is the value itself if that is no value under ``spelling``.
        """
        try:
            return read_as(self.spelling)(value)
        except ValueError:
            return str(value)


@dataclass(frozen=True)
class Targets:
    """Targets of a regression, float64, and the least that is favourable, None if the policy names none.

    ``dtype`` is that of the numbers in the data.
    """

    numbers: np.ndarray
    at_least: float | None
    dtype: np.dtype[Any]

    def favorable(self) -> np.ndarray | None:
        """Return which rows have a favourable target (bool), or None if the policy does not say."""
        return None if self.at_least is None else reaches(self.numbers, self.at_least, self.dtype)


class LabelReader:
    """Collects the labels or targets of all rows over batches of the data."""

    def __init__(self, spec: DataSpec, kind: Kind) -> None:
        self._spec = spec
        self._kind = kind
        self._regression = regression = kind == "regression"
        self._spelling = spec.values.get(spec.label)
        self._coder = Coder(spec.label, self._spelling)
        self._targets: list[np.ndarray] = []
        self._dtype = np.dtype(np.float64)
        if isinstance(spec.favorable, AtLeast) != regression and spec.favorable is not None:
            raise _wrong_favorable(spec.favorable)
        if regression and self._spelling not in (None, "number"):
            raise _wrong_spelling(spec.label, str(self._spelling))

    def add(self, column: pa.Array, first_row: int) -> None:
        """Append the next batch of the label's column."""
        if self._regression:
            self._targets.append(numbers(column, self._spec.label, first_row, fill=float("nan")))
            if pa.types.is_float16(column.type) or pa.types.is_float32(column.type):
                self._dtype = np.dtype(column.type.to_pandas_dtype())
        else:
            self._coder.add(column)

    def result(self) -> Labels | Targets:
        """Return the labels of all rows (of a regression, targets).

        Raises:
            AuditError: there are nulls, fewer than two values, or a favourable value that no row has.
        """
        return self._regression_targets() if self._regression else self._labels()

    def _regression_targets(self) -> Targets:
        values = np.concatenate(self._targets)
        self._require_complete(np.isnan(values))
        if (too_large := np.abs(values) > MAX_TARGET).any():
            error = self._error(MEASURABLE, "a larger one", "correct the value, or measure in a larger unit")
            raise error.in_row(int(too_large.argmax()) + 1)
        if values.min() == values.max():
            raise self._error("at least two label values", f"only {values[0].item()!r}")
        favorable = self._spec.favorable
        at_least = favorable.at_least if isinstance(favorable, AtLeast) else None
        return Targets(values, at_least, self._dtype)

    def _labels(self) -> Labels:
        categories = self._coder.sort()
        null_codes = [NULL_CODE, *_null_words(categories.values)]
        self._require_complete(np.isin(categories.codes, null_codes))
        values = [shown(value, self._spelling) for value in categories.values]
        if len(values) < 2:
            raise self._error("at least two label values", f"only {values[0]!r}")
        if len(values) > MAX_CLASSES:
            regression = [] if _are_words(values) else [REGRESSION]
            fix = f"for a regression set {REGRESSION}" if regression else ""
            raise self._error(f"at most {MAX_CLASSES} label values", f"{len(values):,}", fix, regression)
        warning = ambiguity_warning(self._spec.label, categories.rows, self._spelling)
        readings = spelling_settings(self._spec.label, categories.values) if warning else []
        favorable = self._favorable(categories, values, warning, readings)
        codes = compact(categories.codes, len(values))
        return Labels(values, codes, favorable, self._spelling, warning, readings)

    def _favorable(
        self, categories: Categories, values: list[Scalar], warning: str | None, readings: list[Setting]
    ) -> list[int]:
        if self._spec.favorable is None:
            if len(values) == 2:
                return [1]
            if self._spec.protected or warning or self._may_be_measured(values):
                raise self._needs_favorable(values, warning, readings)
            return []
        assert isinstance(self._spec.favorable, list)
        known = PolicyValues(categories.values, self._spec.label, self._spelling)
        indices = {
            known.index_of(value, "data.favorable", "a value of the label") for value in self._spec.favorable
        }
        if len(indices) == len(values):
            raise AuditError(where="data.favorable", expected="some label values", found="all of them")
        return sorted(indices)

    def _may_be_measured(self, values: list[Scalar]) -> bool:
        """Return whether so many numbers are as likely the targets of a regression, and nobody says which."""
        return self._kind == "auto" and not _are_words(values) and len(values) > _MAX_LIKELY_CLASSES

    def _needs_favorable(
        self, values: list[Scalar], warning: str | None, readings: list[Setting]
    ) -> AuditError:
        if self._may_be_measured(values):
            return AuditError(
                where="model.output",
                expected="whether the label is a class or a number: with so many values it may be either",
                found=f"{len(values)} different numbers",
                fix="set model.output: regression; for a classification model.output: probabilities or logits",
                settings=[
                    REGRESSION,
                    *(Setting("model.output", kind) for kind in ("probabilities", "logits")),
                ],
            )
        if warning:  # which values there are comes before which is favourable
            return self._error(
                "each label value in one spelling", f"{len(values)}: {quote_list(values)}", warning, readings
            )
        regression = [] if _are_words(values) else [REGRESSION]
        for_numbers = f" (for a regression {REGRESSION})" if regression else ""
        return AuditError(
            where="data.favorable",
            expected="the label value or values that count as the favourable outcome, which groups are compared by",
            found=f"nothing, with {len(values)} label values: {quote_list(values)}",
            fix=f"set data.favorable{for_numbers}, or no data.protected",
            settings=[*regression, *(Setting("data.favorable", yaml_value(value)) for value in values)],
        )

    def _require_complete(self, is_null: np.ndarray) -> None:
        nulls = int(is_null.sum())
        if nulls:
            fix = "remove those rows from the data; a row without a label cannot be audited"
            others = ", the first of which this is" if nulls > 1 else ""
            error = self._error("a label in every row", f"{nulls:,} rows without one{others}", fix)
            raise error.in_row(int(is_null.argmax()) + 1)

    def _error(
        self, expected: str, actual: str, fix: str = "", settings: Sequence[Setting] = ()
    ) -> AuditError:
        where = f"data.label: {self._spec.label!r}"
        return AuditError(where=where, expected=expected, found=actual, fix=fix, settings=settings)


def _are_words(values: Sequence[Scalar]) -> bool:
    """Return whether label values cannot be the numbers of a regression."""
    return any(isinstance(value, str) for value in values)


def _null_words(values: Sequence[str]) -> list[int]:
    """Return the indices of words such as NA: among numbers they are nulls, and not values of the label."""
    words = set(NULL_WORDS.to_pylist())
    is_word = [value.strip() in words for value in values]
    if not all(word or is_number(value) for value, word in zip(values, is_word, strict=True)):
        return []
    return [index for index, word in enumerate(is_word) if word]


def _wrong_spelling(label: str, spelling: str) -> AuditError:
    return AuditError(
        where=f"data.values: {label}",
        expected="number, or no setting: the label of a regression is read as numbers",
        found=spelling,
    )


def _wrong_favorable(favorable: AtLeast | list[Scalar]) -> AuditError:
    if isinstance(favorable, AtLeast):
        return AuditError(
            where="data.favorable",
            expected="label values for a classification",
            found=f"{{at_least: {favorable.at_least:g}}}",
            fix=f"for a regression set {REGRESSION}",
            settings=[REGRESSION],
        )
    return AuditError(
        where="data.favorable", expected="{at_least: NUMBER} for a regression", found=repr(favorable)
    )
