"""Counts of a batch's variables by bin and group, from which drift is measured."""

import numpy as np

from audit.checks.explainability.row_attributions import row_attributions
from audit.monitoring.columns import Columns, GroupCounter, decided, feature_columns
from audit.monitoring.reference import Reference, explainability_options
from audit.monitoring.rows import BatchRows
from audit.subject.batches import FeatureBatch
from audit.subject.sources import BoundModel
from audit.subject.subject import Subject


class DriftCounts:
    """Counts of the reference's variables; of a cluster, whose rows depend on each other, one row counts."""

    def __init__(self, bound: BoundModel, reference: Reference) -> None:
        self._bound = bound
        self._reference = reference
        self._tables = [np.zeros((1 + len(reference.groups), v.bins), np.int64) for v in reference.variables]
        self._clusters = np.empty(0, np.uint64)

    def tables(self) -> list[list[list[int]]]:
        """Return the counts of each variable: a list by bin for all rows, and one for each group."""
        return [table.tolist() for table in self._tables]

    def add(self, batch: FeatureBatch, raw: np.ndarray, rows: BatchRows) -> None:
        """Count features, scores and decisions of rows."""
        reference = self._reference
        first_of_cluster = self._first_of_cluster(rows, len(raw))
        score, classes = reference.decision_rule.decide(raw)
        no_null = np.zeros(len(raw), bool)
        outputs: Columns = {
            "score": (score, no_null),
            "decision": (decided(classes, reference.classes), no_null),
        }
        columns = feature_columns(self._bound.feeds, batch)
        counter = GroupCounter(rows.attributes, reference.groups).take(first_of_cluster)
        for variable, total in zip(reference.variables, self._tables, strict=True):
            if variable.kind != "attribution":
                values, null = outputs.get(variable.kind) or columns[variable.name]
                numbers = variable.bin_numbers(values, null)[first_of_cluster]
                total += counter.count(numbers, variable.bins)

    @property
    def has_attributions(self) -> bool:
        """Whether SHAP values are among the variables."""
        return any(variable.kind == "attribution" for variable in self._reference.variables)

    def add_attributions(self, subject: Subject) -> None:
        """Count the SHAP values of rows drawn from a subject."""
        attributions = row_attributions(subject, explainability_options(self._bound.policy))
        counter = GroupCounter(subject.attributes, self._reference.groups).take(attributions.rows)
        for variable, total in zip(self._reference.variables, self._tables, strict=True):
            if variable.kind == "attribution":
                values = attributions.values[:, attributions.features.index(variable.name)]
                numbers = variable.bin_numbers(values, np.zeros(len(values), bool))
                total += counter.count(numbers, variable.bins)

    def _first_of_cluster(self, rows: BatchRows, count: int) -> np.ndarray:
        """Return the indices of rows whose cluster has no earlier row in the batch."""
        if rows.clusters is None:
            return np.arange(count)
        clusters, first = np.unique(rows.clusters, return_index=True)
        is_new = ~np.isin(clusters, self._clusters)
        self._clusters = np.union1d(self._clusters, clusters)
        return np.asarray(first[is_new])
