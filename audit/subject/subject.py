"""The subject of an audit: model, data and scores, loaded and computed once for all checks."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np

from audit.data.dataset import Dataset, read_dataset
from audit.data.masking import Masker
from audit.data.protected_attributes import Attribute
from audit.data.readers.registry import locate
from audit.data.source import Source
from audit.inputs.features import MOST_ROWS, Features
from audit.model.decision import DecisionRule
from audit.model.logits.logits import Logits, find_logits
from audit.model.model import open_model
from audit.policy.model import ResolvedPolicy
from audit.provenance.watch import Watched
from audit.registry.artifact import find_model
from audit.result import DataFacts, ModelFacts
from audit.subject.baseline import (
    find_baseline,
    of_the_baseline,
    open_baseline,
    with_baseline_label,
    without_baseline_inputs,
)
from audit.subject.bound_model import AuditedModel, BoundModel, bind_model
from audit.subject.facts import data_facts, model_facts
from audit.subject.images import Pictures, find_pictures
from audit.subject.predictions import Classified, Regressed
from audit.subject.predictor import Predictor, require_same
from audit.subject.sampling import read_features
from audit.subject.scoring import Progress, Scored, score
from audit.subject.sources import Sources, open_sources


@dataclass(frozen=True, kw_only=True)
class Subject(BoundModel):
    """The audited model with the audited rows and their scores.

    ``weights`` (float64) and ``clusters`` (int32 codes) are None where the policy names none. ``seed`` is
    that of everything that is drawn at random; equal ``policy`` and ``seed`` must give equal measurements.
    ``sample_rows`` is the greatest number of rows of the data in `features`; ``superset`` is the subject with the
    larger sample that this one's is part of.
    """

    seed: int
    files: Watched
    source: Source
    rows: int
    background: Source
    scores: Classified | Regressed
    decider: DecisionRule
    attributes: list[Attribute]
    weights: np.ndarray | None
    clusters: np.ndarray | None
    model_facts: ModelFacts
    data_facts: DataFacts
    sample_rows: int = MOST_ROWS
    superset: Subject | None = field(default=None, compare=False, repr=False)

    def sampled(self, rows: int) -> Subject:
        """Return the subject with a sample of at most ``rows`` rows of the data; itself if that is its own.

        A larger sample holds the rows of a smaller one. For it the data are read again, and everything is found out
        anew; a smaller one shares what is known from all sampled rows (`pictures`, `logits`, `judge`).
        """
        present = min(self.sample_rows, self.rows)
        requested = min(rows, self.rows)
        if requested == present:
            return self
        return replace(self, sample_rows=requested, superset=self if requested < present else None)

    @cached_property
    def features(self) -> Features:
        """The features of sampled rows of the data and of the background, read on first use."""
        if self.superset:
            features = self.superset.features
            return replace(features, data=features.data.sample(self.sample_rows))
        features = read_features(
            self.feeds,
            Sources(self.source, self.background),
            self.policy.data.missing,
            seed=self.seed,
            rows=self.sample_rows,
        )
        self.files.require_unchanged()
        return features

    @cached_property
    def masker(self) -> Masker:
        """Disclosure control of the report: values of real rows as many rows of the background share them."""
        features = self.features
        background = features.background.matrix
        numbers = {c.name: background[:, i] for i, c in enumerate(features.columns) if c.vocabulary is None}
        texts = {  # iterated on first use
            c.name: map(c.vocabulary.__getitem__, background[:, i].astype(int).tolist())
            for i, c in enumerate(features.columns)
            if c.vocabulary is not None
        }
        return Masker(self.policy.report.rows, numbers, texts)

    @cached_property
    def pictures(self) -> Pictures | None:
        """The image column that the model reads, or None if it reads a table."""
        if self.superset:
            return self.superset.pictures
        return find_pictures(self.features, self.feeds, self.policy.data.pixels)

    @cached_property
    def logits(self) -> Logits:
        """The model's logits as a function of a matrix of features, cut out of the graph on first use."""
        if self.superset:
            return self.superset.logits
        _ = self.judge  # logits are verified against its scores: without it there is nothing to verify
        features = self.features
        return find_logits(self.model, self.decider.head, self.feeds, features.columns, features.data.matrix)

    @cached_property
    def judge(self) -> Predictor:
        """The uncut model's decisions on a matrix of features.

        Raises:
            Skip: it scores rows that are made again from their features otherwise than the rows of the data.
        """
        if self.superset:
            return self.superset.judge
        predictor = Predictor(self.model, self.feeds, self.features.columns, self.decider)
        require_same(predictor, self.features.data, self.scores)
        return predictor


class Subjects(NamedTuple):
    """The candidate, and the baseline on the same rows, None if the policy names none."""

    candidate: Subject
    baseline: Subject | None


@dataclass(frozen=True, kw_only=True)
class _Loaded:
    """Data, watched files and seed: what candidate and baseline have in common."""

    sources: Sources
    dataset: Dataset
    files: Watched
    seed: int

    def score(self, bound: BoundModel, progress: Progress) -> Scored:
        return score(bound, self.sources.data, self.dataset.labels, progress)

    def subject(self, bound: BoundModel, scored: Scored, facts: DataFacts) -> Subject:
        return Subject(
            policy=bound.policy,
            path=bound.path,
            model=bound.model,
            feeds=bound.feeds,
            seed=self.seed,
            files=self.files,
            source=self.sources.data,
            rows=self.dataset.rows,
            background=self.sources.background,
            scores=scored.scores,
            decider=scored.decider,
            attributes=self.dataset.attributes,
            weights=self.dataset.weights,
            clusters=self.dataset.clusters,
            model_facts=model_facts(bound, scored),
            data_facts=facts,
        )


def load_subject(policy: ResolvedPolicy, progress: Progress, seed: int = 0) -> Subject:
    """Read the data, load the model and score every row once; a baseline's scores are not computed.

    Raises:
        AuditError: data or model cannot be audited under this policy.
    """
    return replace(_load(policy, progress, seed, compare=False).candidate, policy=policy)


def load_subjects(policy: ResolvedPolicy, progress: Progress, seed: int = 0) -> Subjects:
    """Read the data once, load candidate and baseline, and score every row with each.

    Raises:
        AuditError: data or either model cannot be audited under this policy.
    """
    return _load(policy, progress, seed, compare=True)


def _load(policy: ResolvedPolicy, progress: Progress, seed: int, compare: bool) -> Subjects:
    base = Path(policy.path).parent if policy.path else None
    sources = open_sources(policy, base)
    path = find_model(locate(policy.model.path, base))
    baseline_path = find_baseline(policy, base)
    files = Watched([path, *([baseline_path] if baseline_path else []), *sources.files])
    dataset = read_dataset(policy.data, sources.data, policy.model.output.kind == "regression")
    loaded = _Loaded(sources=sources, dataset=dataset, files=files, seed=seed)
    model = open_model(policy.model, path)
    baseline = None
    if baseline_path:
        with of_the_baseline():
            baseline = open_baseline(policy, baseline_path, model)
        policy = without_baseline_inputs(policy, model, baseline.model)
    bound = bind_model(AuditedModel(policy=policy, path=path, model=model), sources)
    bound_baseline = None
    if baseline and compare:
        with of_the_baseline():
            bound_baseline = bind_model(baseline, sources)
    subjects = Subjects(_candidate(loaded, bound, progress), None)
    if bound_baseline:
        with of_the_baseline():
            scored = loaded.score(bound_baseline, with_baseline_label(progress))
            facts = subjects.candidate.data_facts
            subjects = subjects._replace(baseline=loaded.subject(bound_baseline, scored, facts))
    files.require_unchanged()
    return subjects


def _candidate(loaded: _Loaded, bound: BoundModel, progress: Progress) -> Subject:
    with ThreadPoolExecutor(1) as pool:
        pending = loaded.sources.digests(pool)  # computed while the rows are scored
        scored = loaded.score(bound, progress)
    digests = {name: digest.result() for name, digest in pending.items()}
    return loaded.subject(bound, scored, data_facts(bound.policy, digests, loaded.dataset, scored.hashes))
