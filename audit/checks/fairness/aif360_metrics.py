"""AIF360's `ClassificationMetric` of groups, from weighted counts instead of rows."""

from collections.abc import Callable
from functools import cache, partial
from typing import Any

import numpy as np

from audit.frameworks.aif360_loader import aif360
from audit.stats.group_rates import CellCounts


def metrics_by_group(cells: CellCounts, privileged: list[int]) -> Callable[[int], Any]:
    """Return the function from a group to AIF360's metrics of it against the privileged ones.

    Its data sets are made once for all groups.
    """
    metrics = partial(
        aif360("metrics").ClassificationMetric,
        _dataset(cells, cells.label),
        _dataset(cells, cells.predicted),
        privileged_groups=[{"group": float(index)} for index in privileged],
    )
    return lambda group: metrics(unprivileged_groups=[{"group": float(group)}])


def _dataset(cells: CellCounts, outcome: np.ndarray) -> Any:
    """Return cells and their outcome as a data set: a copy with other arrays, as AIF360's own `subset` makes it.

    A new one goes through a DataFrame, which takes longer than all its metrics.
    """
    dataset = _template().copy()
    dataset.features = dataset.protected_attributes = cells.group.astype(float)[:, None]
    dataset.labels = dataset.scores = outcome.astype(float)[:, None]
    dataset.instance_weights = cells.weight.astype(float)
    dataset.instance_names = [""] * len(outcome)
    return dataset


@cache
def _template() -> Any:
    import pandas as pd  # late: listing the checks needs none of it

    return aif360("datasets").BinaryLabelDataset(
        favorable_label=1.0,
        unfavorable_label=0.0,
        df=pd.DataFrame({"group": [0.0], "weight": [1.0], "outcome": [1.0]}),
        label_names=["outcome"],
        protected_attribute_names=["group"],
        instance_weights_name="weight",
    )
