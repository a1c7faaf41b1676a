"""Effective trials of several proportions together, where clusters have rows in more than one of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from audit.stats.effective_size import divided
from audit.stats.group_rates import Rates, cluster_members

_TAIL = 0.025
"""Error at which Student's quantile stands in for the normal one: one for all confidences, so that intervals nest."""


class Errors(NamedTuple):
    """Contributions of clusters to the errors of estimates, to first order: one entry a cluster and estimate."""

    group: np.ndarray
    cluster: np.ndarray
    value: np.ndarray


@dataclass(frozen=True)
class ClusteredRows:
    """Rows in groups (int codes below ``groups``) and clusters, one entry a row each; ``weights`` None for ones."""

    group: np.ndarray
    groups: int
    weights: np.ndarray | None
    clusters: np.ndarray

    @cached_property
    def _parts(self) -> tuple[np.ndarray, np.ndarray]:
        return cluster_members(self.group, self.clusters)

    @property
    def owner(self) -> np.ndarray:
        """Group of each part; the rows of one cluster in one group are a part."""
        return self._parts[0]

    @cached_property
    def cluster(self) -> np.ndarray:
        """Cluster of each part."""
        codes = np.empty(len(self.owner), self.clusters.dtype)
        codes[self._parts[1]] = self.clusters
        return codes

    def errors(self, event: np.ndarray, within: np.ndarray) -> np.ndarray:
        """Return what each part adds to the error of its group's share of ``event`` among the rows ``within``."""
        inside = within if self.weights is None else within * self.weights
        member = self._parts[1]
        total, events = (np.bincount(member, values, len(self.owner)) for values in (inside, inside * event))
        weight, share = (np.bincount(self.owner, values, self.groups) for values in (total, events))
        share = divided(share, weight)
        return np.asarray(np.nan_to_num(divided(events - share[self.owner] * total, weight[self.owner])))


def implied_variance(of: Rates) -> np.ndarray:
    """Return the variance of binomial proportions with so many trials; 0 without any."""
    return np.asarray(np.nan_to_num(divided(of.value * (1.0 - of.value), of.trials)))


def share_left(implied: np.ndarray, errors: Errors) -> np.ndarray:
    """Return the share of the trials that each group keeps for the sum of its proportions, in (0, 1].

    A cluster that is wrong as a whole moves two recalls at once, so that their sum varies more than that of two
    independent proportions. The share is 1 where their trials imply as much variance already, as they do of proportions
    that have no cluster in common.

    Args:
        implied: sum of the proportions' `implied_variance`, by group.
        errors: of the proportions of each group.
    """
    groups = len(implied)
    owner, member = cluster_members(errors.group, errors.cluster)
    joint_error = np.bincount(member, errors.value, len(owner))
    separate_variance = np.bincount(errors.group, errors.value**2, groups)
    joint = np.bincount(owner, joint_error**2, groups)
    return _share_left(implied, separate_variance, joint, np.bincount(owner, minlength=groups))


def share_left_of_differences(
    implied: np.ndarray, rows: ClusteredRows, errors: Sequence[np.ndarray]
) -> np.ndarray:
    """Return the share of the trials that each group keeps for its difference from the last group, in (0, 1].

    Args:
        implied: sum of the `implied_variance` of all proportions of a group, by group.
        rows: of all groups.
        errors: of each proportion, as factors that the difference has make them, one entry a part.
    """
    last = rows.groups - 1
    joint_error = np.sum(errors, axis=0)
    of_last = np.zeros(int(rows.clusters.max(initial=0)) + 1)
    of_last[rows.cluster[rows.owner == last]] = joint_error[rows.owner == last]
    sums = (
        np.sum(np.square(errors), axis=0),
        joint_error**2,
        joint_error * of_last[rows.cluster],
        np.ones(len(joint_error)),
    )
    separate, joint, common, clusters = (np.bincount(rows.owner, values, rows.groups) for values in sums)
    return _share_left(
        implied + implied[last],
        separate + separate[last],
        joint + joint[last] - 2.0 * common,
        np.maximum(clusters, clusters[last]),
    )


def _share_left(
    implied: np.ndarray, separate: np.ndarray, joint: np.ndarray, clusters: np.ndarray
) -> np.ndarray:
    """Compare the implied with the linearized variance, its covariances by Student's t."""
    from scipy.special import ndtri, stdtrit

    freedom = np.maximum(clusters - 1.0, 1.0)
    inflation = clusters / freedom * (stdtrit(freedom, _TAIL) / ndtri(_TAIL)) ** 2
    variance = separate + np.maximum(joint - separate, 0.0) * inflation
    share = divided(implied, np.maximum(implied, variance))
    return np.where(np.isfinite(share) & (share > 0.0), share, 1.0)
