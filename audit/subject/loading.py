"""Loading of subjects: data and models of a policy are read, and every row is scored once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import NamedTuple

from audit.data.dataset import Dataset, read_dataset
from audit.data.labels import Targets
from audit.data.row_hashes import HashKey
from audit.data.row_sample import KeyedRows
from audit.execution import Backend, LocalBackend
from audit.model.model import open_model
from audit.policy.model import ResolvedPolicy
from audit.provenance.digest import WatchedFiles
from audit.registry.artifact import find_model
from audit.result import DataFacts
from audit.subject.baseline import (
    find_baseline,
    of_the_baseline,
    open_baseline,
    with_baseline_label,
    without_baseline_inputs,
)
from audit.subject.class_probabilities import with_class_probabilities
from audit.subject.copies import count_rows
from audit.subject.copy_screen import copy_warnings
from audit.subject.facts import data_facts, model_facts
from audit.subject.row_keys import RowKeys, background_keys
from audit.subject.score_screen import score_warnings
from audit.subject.scoring import Progress, ScoringResult, score
from audit.subject.sources import AuditedModel, BoundModel, Sources, bind_model, open_sources
from audit.subject.subject import Subject
from audit.subject.threshold_use import require_used_threshold


class Subjects(NamedTuple):
    """The candidate model's subject, and the baseline's on the same rows, None if the policy names none."""

    candidate: Subject
    baseline: Subject | None


@dataclass(frozen=True, kw_only=True)
class _Loaded:
    """Data, watched files, seed and backend: what candidate and baseline have in common."""

    sources: Sources
    dataset: Dataset
    files: WatchedFiles
    seed: int
    backend: Backend

    def candidate(self, bound: BoundModel, progress: Progress) -> Subject:
        with ThreadPoolExecutor(1) as pool:
            pending = self.sources.digests(pool)  # computed while the rows are scored
            scored = self.score(bound, progress)
        digests = {name: digest.result() for name, digest in pending.items()}
        counted = count_rows(bound.policy.data, self.dataset, scored.hashes, self.key)
        schema = self.sources.data.schema
        dataset = (
            self.dataset if counted.keyed.file_rows is None else self.dataset.take(counted.keyed.file_rows)
        )
        facts = data_facts(bound.policy, digests, dataset, counted, schema)
        subject = self.subject(bound, scored, facts, self.keys(bound, counted.keyed), progress)
        subject.warnings.extend([*counted.warnings(), *copy_warnings(subject)])
        return subject

    @property
    def key(self) -> HashKey:
        return HashKey(self.seed)

    def score(self, bound: BoundModel, progress: Progress) -> ScoringResult:
        dataset = self.dataset
        return score(
            bound, self.sources.data, dataset.labels, progress, self.key, dataset.attributes, self.backend
        )

    def keys(self, bound: BoundModel, data: KeyedRows) -> RowKeys:
        background = self.sources.background
        if background is self.sources.data:
            return RowKeys(data, lambda: data)
        return RowKeys(
            data, lambda: background_keys(bound.feeds, background, bound.policy.data.missing, self.key)
        )

    def subject(
        self, bound: BoundModel, scored: ScoringResult, facts: DataFacts, keys: RowKeys, progress: Progress
    ) -> Subject:
        dataset = self.dataset
        scores = scored.scores
        if (rows := keys.data.file_rows) is not None:
            dataset = dataset.take(rows)
            scores = scores.take(rows)
        of_scores = score_warnings(scores, dataset.weights, dataset.clusters)
        warnings = [*of_scores, *dataset.warnings, *bound.warnings, *scored.warnings]
        return Subject(
            **{**vars(bound), "warnings": warnings},
            seed=self.seed,
            keys=keys,
            files=self.files,
            source=self.sources.data,
            rows=dataset.rows,
            background=self.sources.background,
            scores=scores,
            decision_rule=scored.decision_rule,
            attributes=dataset.attributes,
            weights=dataset.weights,
            clusters=dataset.clusters,
            model_facts=model_facts(bound, scored),
            data_facts=facts,
            progress=progress,
            backend=self.backend,
        )


def load_subject(policy: ResolvedPolicy, progress: Progress, seed: int = 0) -> Subject:
    """Return the candidate with its data and the scores of every row; a baseline's scores are not computed.

    Raises:
        AuditError: data or model cannot be audited under this policy.
    """
    loaded = _load(policy, progress, seed, compare=False, backend=LocalBackend())
    return replace(loaded.candidate, policy=policy)


def load_subjects(
    policy: ResolvedPolicy,
    progress: Progress,
    seed: int = 0,
    opened: Callable[[], None] = lambda: None,
    backend: Backend | None = None,
) -> Subjects:
    """Return candidate and baseline, each with its scores of every row; the data are read once for both.

    ``opened`` is called once data and models have been opened, before any row is scored. ``backend`` computes both
    models, by default in this process.

    Raises:
        AuditError: data or either model cannot be audited under this policy.
    """
    return _load(policy, progress, seed, compare=True, opened=opened, backend=backend or LocalBackend())


def _load(
    policy: ResolvedPolicy,
    progress: Progress,
    seed: int,
    compare: bool,
    backend: Backend,
    opened: Callable[[], None] = lambda: None,
) -> Subjects:
    base = policy.folder
    sources = open_sources(policy, base)
    path, registry = find_model(policy.model.path, base)
    baseline_source = find_baseline(policy, base)
    files = WatchedFiles([path, *([baseline_source.path] if baseline_source else []), *sources.files])
    dataset = read_dataset(policy.data, sources.data, policy.model.output.kind)
    if isinstance(dataset.labels, Targets):
        require_used_threshold(policy.data, None)
    loaded = _Loaded(sources=sources, dataset=dataset, files=files, seed=seed, backend=backend)
    for model_path in (path, *([baseline_source.path] if baseline_source else [])):
        backend.provide(model_path)
    model = open_model(policy.model, path)
    baseline = None
    if baseline_source:
        with of_the_baseline():
            baseline = open_baseline(policy, baseline_source, model)
        policy = without_baseline_inputs(policy, model, baseline.model)
    bound = bind_model(AuditedModel(policy=policy, path=path, model=model, registry=registry), sources)
    bound = with_class_probabilities(bound, sources.data, dataset.labels)
    bound_baseline = None
    if baseline and compare:
        with of_the_baseline():
            bound_baseline = bind_model(baseline, sources)
            bound_baseline = with_class_probabilities(bound_baseline, sources.data, dataset.labels)
    opened()
    subjects = Subjects(loaded.candidate(bound, progress), None)
    if bound_baseline:
        with of_the_baseline():
            progress = with_baseline_label(progress)
            scored = loaded.score(bound_baseline, progress)
            candidate = subjects.candidate  # whose rows count, and are drawn, for both
            other = loaded.subject(bound_baseline, scored, candidate.data_facts, candidate.keys, progress)
            subjects = subjects._replace(baseline=other)
    files.require_unchanged()
    return subjects
