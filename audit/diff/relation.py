"""What two audits have in common, as far as their reports say: rows, model, settings, draws and versions."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from audit.policy.compatibility import measurement_spec, recorded_policy
from audit.policy.model import ResolvedPolicy
from audit.result import ModelFacts, Report

_NOT_VERSIONS = ("seed", "date")
_NOT_OF_THE_SCORES = ("baseline", "background", "protected", "intersections")
"""Settings on which neither the scores nor the rows depend: other models, files and groups of the same rows."""


@dataclass(frozen=True)
class Relation:
    """What two audits have in common.

    Attributes:
        rows: "same": the same bytes, read by the same settings; "perhaps": other bytes or settings with the same
            numbers of rows in all and in every group, as of a table saved in another format; "other".
        model: the same bytes, read alike, and fed and decided by the same settings.
        paired: the new audit compared its model with the old one, as its baseline, on the same rows.
        outcome: the same label, favourable values and row weights, so that metrics mean the same.
        references: the same background rows.
        seed: the same seed.
        versions: the same versions and machine type.
        independent_rows: neither weights nor clusters tie rows together, in either audit.
        checks: names of the checks with the same options in both.
        redefined: attributes of both that are made in another way.
    """

    rows: Literal["same", "perhaps", "other"]
    model: bool
    paired: bool
    outcome: bool
    references: bool
    seed: bool
    versions: bool
    independent_rows: bool
    checks: frozenset[str]
    redefined: frozenset[str]

    @property
    def same_draws(self) -> bool:
        """Whether both audits drew the same at random: the same seed and versions."""
        return self.seed and self.versions

    @property
    def only_seed(self) -> bool:
        """Whether the seed alone can make a difference, if the check's options are the same."""
        return self.rows == "same" and self.model and self.references and self.versions and not self.seed


def relation(old: Report, new: Report) -> Relation:
    """Return what two reports have in common.

    Raises:
        AuditError: a report holds no valid policy.
    """
    policies = recorded_policy(old), recorded_policy(new)
    specs = [_settings(policy) for policy in policies]
    read_alike = specs[0]["data"] == specs[1]["data"]
    bytes_alike = old.data.digest == new.data.digest
    same_rows = read_alike and bytes_alike and old.data.rows == new.data.rows
    same_model = _identity(old.model) == _identity(new.model) and specs[0] == specs[1]
    environments = [_versions(report) for report in (old, new)]
    return Relation(
        rows="same" if same_rows else "perhaps" if bytes_alike or _numbers(old) == _numbers(new) else "other",
        model=same_model,
        paired=same_rows and new.baseline is not None and _identity(new.baseline) == _identity(old.model),
        outcome=_outcome(old, policies[0]) == _outcome(new, policies[1]),
        references=_background(old) == _background(new),
        seed=old.environment.get("seed") == new.environment.get("seed"),
        versions=environments[0] == environments[1],
        independent_rows=not any(policy.data.weight or policy.data.cluster for policy in policies),
        checks=_checks_alike(*policies),
        redefined=_redefined(*policies),
    )


def _settings(policy: ResolvedPolicy) -> dict[str, Mapping[str, object]]:
    """Return the settings of model and data that scores and rows depend on."""
    spec = measurement_spec(policy)
    sections = ((name, spec[name]) for name in ("model", "data"))
    return {
        name: {key: value for key, value in section.items() if key not in _NOT_OF_THE_SCORES}
        for name, section in sections
        if isinstance(section, Mapping)
    }


def _identity(model: ModelFacts) -> tuple[object, ...]:
    """Return the bytes of a model and how they are read; not the evidence for it, which quotes the data."""
    output = model.output
    return model.digest, model.signature, output.name, output.kind, output.classes, model.columns


def _numbers(report: Report) -> tuple[object, ...]:
    data = report.data
    groups = {group.attribute: group.rows for group in data.groups}
    return data.rows, data.distinct_rows, groups


def _outcome(report: Report, policy: ResolvedPolicy) -> tuple[object, ...]:
    return report.data.label, report.data.favorable, policy.data.weight


def _background(report: Report) -> str | None:
    return report.data.background.digest if report.data.background else None


def _versions(report: Report) -> dict[str, object]:
    return {key: value for key, value in report.environment.items() if key not in _NOT_VERSIONS}


def _checks_alike(old: ResolvedPolicy, new: ResolvedPolicy) -> frozenset[str]:
    names = old.checks.keys() & new.checks.keys()
    return frozenset(name for name in names if old.checks[name] == new.checks[name])


def _redefined(old: ResolvedPolicy, new: ResolvedPolicy) -> frozenset[str]:
    before = old.data.protected
    after = new.data.protected
    return frozenset(
        name for name in before.keys() & after.keys() if before[name].columns != after[name].columns
    )
