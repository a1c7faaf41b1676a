"""Schema of `audit.yaml`: the sections of a policy and their keys."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, PrivateAttr, model_validator

from audit.errors import did_you_mean
from audit.policy.csv_spec import CsvSpec
from audit.policy.fields import Name, Number, OneOrMore, OneOrMoreNames, Strict, Value, is_default
from audit.policy.file_lines import RuleLines
from audit.policy.gate_spec import GateSpec, Rule, Text, Waiver
from audit.result import MAX_AUDITS
from audit.values import Spelling, canonical

Kind = Literal["auto", "probabilities", "logits", "regression"]

FormatName = Literal["html", "junit", "sarif", "markdown", "gitlab", "model-card"]
"""A view of the report; `audit.formats.registry` renders them."""

Disclosure = Literal["shown", "masked", "none"]
"""Display of real rows' values in a report: unchanged, as ranges shared by many rows, or none."""


class OutputSpec(Strict):
    """Audited output of the model: its name, the kind of its values, and of several columns the one, from 0."""

    kind: Kind = "auto"
    name: Name | None = None
    column: Annotated[int, Field(ge=0)] | None = None


def _as_spec(value: object) -> object:
    return {"kind": value} if isinstance(value, str) else value


PackageName = Annotated[str, Field(pattern=r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$")]


class ModelSpec(Strict):
    """Audited model, and how its inputs and outputs are read.

    ``baseline`` is the model to compare with on the same rows, in the same forms as ``path``.
    ``allow_operations`` are types of operations that would be refused, or ``batch_size`` for scores that depend on it;
    the names are checked when the model is loaded. ``imports`` (``import`` in the file) are Python packages whose
    custom operations the graph needs.
    """

    path: Name
    signature: Name = "serving_default"
    output: Annotated[OutputSpec, BeforeValidator(_as_spec, json_schema_input_type=Kind | OutputSpec)] = (
        OutputSpec()
    )
    classes: Annotated[list[Value], Field(min_length=2)] | None = None
    inputs: dict[str, OneOrMoreNames] = {}
    baseline: Name | None = None
    allow_operations: list[Name] | None = None
    imports: Annotated[list[PackageName], Field(alias="import", exclude_if=is_default)] = []


class Absent(Strict):
    """A null that is left out of a serialized `tf.Example`."""

    absent: Literal[True]


class AtLeast(Strict):
    """Favourable outcome of a regression: values of at least ``at_least``."""

    at_least: Number


class Protected(Strict):
    """Protected attribute: its privileged values, and how groups are made from columns."""

    privileged: OneOrMore
    bins: Annotated[list[Number], Field(min_length=1)] | None = None
    columns: Annotated[dict[str, Name], Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _require_known_privileged(self) -> "Protected":
        if self.bins and self.columns:
            raise ValueError("either 'bins' or 'columns', not both")
        if self.bins and sorted(set(self.bins)) != self.bins:
            raise ValueError("'bins' must rise")
        known = bin_labels(self.bins) if self.bins else list(self.columns or ())
        identities = list(map(canonical, known))
        if len(set(identities)) < len(known):
            raise ValueError(f"the groups must be different values, found {known}")
        for value in self.privileged if known else ():
            if canonical(value) not in identities:
                raise ValueError(f"'privileged' must be among {known}, found {value!r}")
        return self


class DataSpec(Strict):
    """Audited rows, and the meaning of their columns.

    ``background`` are reference rows for attribution and attacks, such as the training data; without it
    they are taken from ``path``. ``pixels`` is the range of pixel values that the model expects of images.
    ``ignore`` are columns that are no features. ``values`` says of the label, the cluster or a protected attribute, by
    its column, how spellings are read (of features, what the data hold is what the model is fed), and ``copies``
    whether duplicate rows count each or once.
    """

    path: Name
    background: Name | None = None
    label: Name
    favorable: AtLeast | OneOrMore | None = None
    threshold: Annotated[float, Field(ge=0, le=1)] = 0.5
    weight: Name | None = None
    cluster: Name | None = None
    missing: dict[str, bool | int | Number | str | Absent] = {}
    ignore: Annotated[list[Name], Field(exclude_if=is_default)] = []
    values: Annotated[dict[Name, Spelling], Field(exclude_if=is_default)] = {}
    copies: Annotated[Literal["each", "once"], Field(exclude_if=is_default)] = "each"
    pixels: Annotated[list[Number], Field(min_length=2, max_length=2)] | None = None
    csv: Annotated[CsvSpec, Field(exclude_if=lambda value: value == CsvSpec())] = CsvSpec()
    protected: dict[Name, Protected] = {}
    intersections: list[Annotated[list[Name], Field(min_length=2)]] = []

    @model_validator(mode="after")
    def _require_readable_values(self) -> "DataSpec":
        known = [self.label, *([self.cluster] if self.cluster else []), *self.protected]
        for column, spelling in self.values.items():
            if column not in known:
                guess = did_you_mean(column, known)
                raise ValueError(
                    f"'values' is for label, cluster and protected attributes, found {column!r}{guess}"
                )
            attribute = self.protected.get(column)
            if attribute and (attribute.columns or (attribute.bins and spelling != "number")):
                raise ValueError(
                    f"'values' of {column!r}: what it is made from is read as numbers, not as {spelling}"
                )
        return self

    @property
    def named_intersections(self) -> dict[str, list[str]]:
        """The attributes of each intersection, by its name in measurements and rules."""
        return {"*".join(names): names for names in self.intersections}

    @model_validator(mode="after")
    def _require_known_attributes(self) -> "DataSpec":
        if self.pixels and self.pixels[0] >= self.pixels[1]:
            raise ValueError(f"'pixels' must rise, such as [0, 1], found {self.pixels}")
        for names in self.intersections:
            for name in names:
                if name not in self.protected:
                    raise ValueError(f"'intersections' names {name!r}, which 'protected' does not define")
            if len(set(names)) < len(names):
                raise ValueError(f"'intersections' names an attribute twice: {names}")
            if "*".join(names) in self.protected:
                raise ValueError(
                    f"'intersections' makes {'*'.join(names)!r}, which 'protected' defines already"
                )
        return self


class About(Strict):
    """The model's name, its owner, what it is meant for and what it is not, in the policy author's words."""

    name: Text | None = None
    owner: Text | None = None
    intended_use: Text | None = None
    limitations: Text | None = None


class ReportSpec(Strict):
    """Contents of the report, and the formats that are written beside `report.json`."""

    rows: Disclosure = "masked"
    formats: Annotated[list[FormatName], Field(min_length=1, exclude_if=lambda names: names == ["html"])] = [
        "html"
    ]


class RegistrySpec(Strict):
    """Whether `audit run` writes reports, metrics and verdict to the MLflow version that ``model.path`` names."""

    log: bool = False


class DriftSpec(Strict):
    """What drift is measured of: features, scores and decisions, and attributions, which take longest."""

    features: bool = True
    scores: bool = True
    attributions: bool = False


class WebhookSpec(Strict):
    """Where alerts are posted: ``url_env`` names the environment variable with the address, which may be secret."""

    url_env: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
    format: Literal["json", "slack"] = "json"


class RollbackSpec(Strict):
    """Rollback of ``alias`` (NAME@ALIAS) after so many consecutive batches on which a rule fails."""

    alias: Name
    after: Annotated[int, Field(ge=1)]


class MonitoringSpec(Strict):
    """Monitoring of a promoted model.

    ``false_alarms`` is the greatest probability of any false alarm over the whole life of a store. ``key`` is the
    column by which labels that come later are joined; None for the only one that both files have. ``tensorboard`` is a
    directory for logs, relative to the current one.
    """

    drift: DriftSpec = DriftSpec()
    false_alarms: Annotated[float, Field(gt=0, lt=1)] = 0.05
    key: Name | None = None
    webhook: WebhookSpec | None = None
    tensorboard: Name | None = None
    rollback: RollbackSpec | None = None


class ExecutionSpec(Strict):
    """Where the model is computed: every backend gives the same report.

    ``workers`` are processes or Ray actors, by default one for each core. ``address`` is that of a Ray cluster:
    ``auto``, HOST:PORT or ray://HOST:PORT; without one, Ray starts on this machine.
    """

    backend: Literal["local", "processes", "ray"] = "local"
    workers: Annotated[int, Field(ge=1)] | None = None
    address: Name | None = None


def _as_options(value: object) -> object:
    return {} if value is None or value is True else value


Options = Annotated[
    dict[str, object] | Literal[False],
    BeforeValidator(_as_options, json_schema_input_type=dict[str, object] | bool | None),
]


class Policy(Strict):
    """A whole policy. `audit.check.load_policy` builds one, with line numbers in errors and default rules."""

    version: Literal[1]
    about: Annotated[About, Field(exclude_if=lambda value: value == About())] = About()
    model: ModelSpec
    data: DataSpec
    checks: dict[str, Options] = {}
    gate: GateSpec | None = None
    waivers: list[Waiver] = []
    report: ReportSpec = ReportSpec()
    registry: Annotated[RegistrySpec, Field(exclude_if=lambda value: not value.log)] = RegistrySpec()
    monitoring: Annotated[MonitoringSpec, Field(exclude_if=lambda value: value == MonitoringSpec())] = (
        MonitoringSpec()
    )
    execution: Annotated[ExecutionSpec, Field(exclude=True)] = ExecutionSpec()

    _path: str | None = PrivateAttr(default=None)
    _lines: RuleLines | None = PrivateAttr(default=None)
    _default_rules: bool = PrivateAttr(default=False)

    @property
    def path(self) -> str | None:
        """The file it was read from."""
        return self._path

    @property
    def folder(self) -> Path | None:
        """Directory in which relative paths are first looked up; None if there is no file."""
        return Path(self._path).parent if self._path else None

    @property
    def default_rules(self) -> bool:
        """Whether the rules are the default rules."""
        return self._default_rules

    @property
    def rules(self) -> list[Rule]:
        """The rules; in a resolved policy all have ids."""
        return list((self.gate.rules if self.gate else None) or [])

    def effective(self) -> dict[str, object]:
        """Return the policy as plain JSON data, defaults written out."""
        return self.model_dump(mode="json", exclude_none=True, by_alias=True)

    @property
    def digest(self) -> str:
        """`policy_digest` of the effective policy."""
        return policy_digest(self.effective())


class ResolvedPolicy(Policy):
    """A policy with every default written out: check options, gate, rules and their ids."""

    gate: GateSpec

    @property
    def rule_lines(self) -> dict[str, int]:
        """The line of each rule in the file by the rule's id; empty if there is no file.

        A default rule has the line of the nearest key, or 1.
        """
        if self._lines is None:
            return {}
        lines = () if self.default_rules else self._lines.rules
        ids = [str(rule.id) for rule in self.rules]
        max_audits = {MAX_AUDITS: self._lines.max_audits} if self.gate.max_audits is not None else {}
        return {**dict.fromkeys(ids, self._lines.others), **dict(zip(ids, lines, strict=False)), **max_audits}


def bin_labels(edges: Sequence[float]) -> list[str]:
    """Return the labels of a numeric attribute's bins, e.g. ``<25``, ``25-60`` (25 <= x < 60), ``>=60``."""
    text = [f"{edge:.12g}" for edge in edges]
    between = [f"{low}-{high}" for low, high in pairwise(text)]
    return [f"<{text[0]}", *between, f">={text[-1]}"]


def policy_digest(effective: Mapping[str, object]) -> str:
    """Return ``sha256:`` and the hash of an effective policy as JSON with sorted keys and no spaces."""
    text = json.dumps(effective, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()
