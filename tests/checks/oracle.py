"""AIF360 called by hand on the rows: the oracle of every fairness metric."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from audit.frameworks.aif360_loader import aif360


def metric(
    groups: Iterable[str], label: Any, predicted: Any, unprivileged: str, privileged: str, weights: Any = None
) -> Any:
    """Return AIF360's ClassificationMetric; ``privileged`` are names joined with ``|``."""
    names = sorted(set(groups))
    frame = pd.DataFrame({"group": [float(names.index(group)) for group in groups]})
    frame["weight"] = 1.0 if weights is None else np.asarray(weights, float)

    def dataset(outcome: Any) -> Any:
        return aif360("datasets").BinaryLabelDataset(
            df=frame.assign(outcome=np.asarray(outcome, float)), label_names=["outcome"],
            protected_attribute_names=["group"], instance_weights_name="weight",
        )  # fmt: skip

    return aif360("metrics").ClassificationMetric(
        dataset(label),
        dataset(predicted),
        unprivileged_groups=[{"group": float(names.index(unprivileged))}],
        privileged_groups=[{"group": float(names.index(name))} for name in privileged.split("|")],
    )


def value(found: Any, name: str) -> float:
    """Return one metric; dividing by nothing is part of what AIF360 answers."""
    with np.errstate(all="ignore"):
        return float(getattr(found, name)())
