"""The table ``explained``: SHAP values row by row, as many as the policy lets a report show."""

import numpy as np

from audit.checks.explainability.example_rows import Examples, rounded
from audit.checks.explainability.explanation import Explanation
from audit.data.masking import Masker
from audit.result import Scalar, Table

_MAX_ROWS = 1000
_MAX_FEATURES = 100
_MAX_FEATURES_MASKED = 8
"""As many as the table ``local`` shows of a row: more masked values in one row could single a person out."""

_Column = list[Scalar | None]


def explained_table(explanation: Explanation, examples: Examples, masker: Masker) -> Table:
    """Return the table from which `audit.notebook` makes a ``shap.Explanation``: a line for each row.

    If the policy shows rows, these are the explained ones, up to `_MAX_ROWS`, which are a random sample. If it masks
    them, they are the example rows alone, in the order of ``local``: a SHAP value of its own says much of a row. For
    each of the features that matter most on average, ``value: NAME`` holds the feature's value and
    ``attribution: NAME`` its SHAP value. The SHAP values of the others are summed in ``sum: N other features``, so that
    ``base`` and all SHAP values of a line add up to ``output``; masked, each of these numbers has three digits.
    """
    attributions = explanation.attributions
    places = _places(explanation, examples)
    top, rest = np.split(explanation.order, [_MAX_FEATURES if examples.unmasked else _MAX_FEATURES_MASKED])
    columns: dict[str, _Column] = {
        "row": [examples.row_number(place) for place in places],
        "base": _numbers(attributions.base[places], examples),
        "output": _numbers(attributions.outputs[places], examples),
    }
    for feature in top:
        name = explanation.columns[feature].name
        values = (explanation.value(place, feature) for place in places)
        columns[f"value: {name}"] = [v if examples.unmasked else masker.text(name, v) for v in values]
        columns[f"attribution: {name}"] = _numbers(attributions.values[places, feature], examples)
    if len(rest):
        name = f"sum: {len(rest)} other feature{'s' * (len(rest) > 1)}"
        columns[name] = _numbers(attributions.values[places][:, rest].sum(1), examples)
    return Table(name="explained", about="SHAP values of rows, for shap's plots", columns=columns)


def _places(explanation: Explanation, examples: Examples) -> list[int]:
    if examples.unmasked:
        return list(range(min(len(explanation.rows), _MAX_ROWS)))
    return [example.place for example in examples.rows()]


def _numbers(values: np.ndarray, examples: Examples) -> _Column:
    numbers = [float(value) for value in values]
    return list(numbers) if examples.unmasked else [rounded(value) for value in numbers]
