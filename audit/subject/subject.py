"""What a check sees: the model, the data, and the scores, computed once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from audit.data.dataset import Dataset, read_dataset
from audit.data.masking import Masker
from audit.data.protected_attributes import Attribute
from audit.data.readers.registry import locate
from audit.data.source import Source
from audit.inputs.binding import bind, unbound
from audit.inputs.features import MOST_ROWS, Features
from audit.inputs.feeds import Feed
from audit.model.decision import DecisionRule
from audit.model.logits.logits import Logits, find_logits
from audit.model.model import Model, open_model
from audit.policy.model import ResolvedPolicy
from audit.provenance.watch import Watched
from audit.registry.artifact import find_model
from audit.result import DataFacts, ModelFacts
from audit.subject.baseline import (
    find_baseline,
    of_the_baseline,
    open_baseline,
    told_apart,
    without_others_inputs,
)
from audit.subject.facts import data_facts, model_facts
from audit.subject.images import Pictures, find_pictures
from audit.subject.predictions import Classified, Regressed
from audit.subject.predictor import Predictor, require_same
from audit.subject.sampling import read_features
from audit.subject.scoring import Progress, Scored, score
from audit.subject.sources import Sources, open_sources


@dataclass(frozen=True)
class Subject:
    """The audited model on the audited rows.

    ``weights`` (float64) and ``clusters`` (int32 codes) are None where the policy names none. ``seed`` is
    that of everything that is drawn at random; equal ``policy`` and ``seed`` must give equal measurements.
    ``sample_rows`` is how many rows of the data `features` holds, at most; ``whole`` is the subject that this one has
    a part of the sample of.
    """

    policy: ResolvedPolicy
    seed: int
    files: Watched
    model: Model
    source: Source
    feeds: list[Feed]
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
    whole: Subject | None = field(default=None, compare=False, repr=False)

    def sampled(self, rows: int) -> Subject:
        """Return the subject with a sample of ``rows`` rows of the data, at most; itself where that is its own.

        A larger sample holds the rows of a smaller one. For it the data are read again, and everything is found out
        anew; for a smaller one, what is known from all sampled rows stands (`pictures`, `logits`, `judge`).
        """
        present, wanted = min(self.sample_rows, self.rows), min(rows, self.rows)
        if wanted == present:
            return self
        return replace(self, sample_rows=wanted, whole=self if wanted < present else None)

    @cached_property
    def features(self) -> Features:
        """The features of sampled rows of the data and of the background, read when they are first asked for."""
        if self.whole:
            found = self.whole.features
            return replace(found, data=found.data.sample(self.sample_rows))
        missing, size = self.policy.data.missing, self.sample_rows
        found = read_features(self.feeds, self.source, self.background, missing, self.seed, size)
        self.files.require_unchanged()
        return found

    @cached_property
    def masker(self) -> Masker:
        """How the report writes values of real rows: what the background's rows share."""
        features = self.features
        background = features.background.matrix
        numbers = {c.name: background[:, i] for i, c in enumerate(features.columns) if c.vocabulary is None}
        texts = {  # read when one is asked for
            c.name: map(c.vocabulary.__getitem__, background[:, i].astype(int).tolist())
            for i, c in enumerate(features.columns)
            if c.vocabulary is not None
        }
        return Masker(self.policy.report.rows, numbers, texts)

    @cached_property
    def pictures(self) -> Pictures | None:
        """The pictures that the model reads; None where it reads a table."""
        if self.whole:
            return self.whole.pictures
        return find_pictures(self.features, self.feeds, self.policy.data.pixels)

    @cached_property
    def logits(self) -> Logits:
        """The model's logits as a function of a matrix of features, cut out of the graph when first asked for."""
        if self.whole:
            return self.whole.logits
        features, _ = self.features, self.judge  # what cannot be judged cannot be confirmed either
        return find_logits(self.model, self.decider.head, self.feeds, features.columns, features.data.matrix)

    @cached_property
    def judge(self) -> Predictor:
        """The uncut model's decisions on a matrix of features.

        Raises:
            Skip: it does not judge rows, made again from their features, as they were scored.
        """
        if self.whole:
            return self.whole.judge
        judge = Predictor(self.model, self.feeds, self.features.columns, self.decider)
        require_same(judge, self.features.data, self.scores)
        return judge


@dataclass(frozen=True)
class _Bound:
    """A loaded model with what feeds it, and the policy as it is for that one."""

    policy: ResolvedPolicy
    path: Path
    model: Model
    feeds: list[Feed]


def load_subject(policy: ResolvedPolicy, progress: Progress, seed: int = 0) -> Subject:
    """Read the data, load the model, score every row once; of a baseline only the names of its inputs count.

    Raises:
        AuditError: data or model cannot be audited under this policy.
    """
    return replace(_load(policy, progress, seed, compare=False)[0], policy=policy)


def load_subjects(
    policy: ResolvedPolicy, progress: Progress, seed: int = 0
) -> tuple[Subject, Subject | None]:
    """Read the data once, load candidate and baseline, and score every row with each.

    Returns:
        The candidate, and the baseline on the same rows; None where the policy names none.

    Raises:
        AuditError: data or either model cannot be audited under this policy.
    """
    return _load(policy, progress, seed, compare=True)


def _load(
    policy: ResolvedPolicy, progress: Progress, seed: int, compare: bool
) -> tuple[Subject, Subject | None]:
    base = Path(policy.path).parent if policy.path else None
    sources = open_sources(policy, base)
    path, other = find_model(locate(policy.model.path, base)), find_baseline(policy, base)
    files = Watched([path, *([other] if other else []), *sources.files])
    table = read_dataset(policy.data, sources.data, policy.model.output.kind == "regression")
    model = open_model(policy.model, path)
    if other:
        with of_the_baseline():
            as_read, compared = open_baseline(policy, other, model)
        policy = without_others_inputs(policy, model, compared)
    ours, theirs = _bound(policy, path, model, sources), None
    if other and compare:
        with of_the_baseline():
            theirs = _bound(as_read, other, compared, sources)
    candidate = _candidate(ours, sources, table, files, seed, progress)
    baseline = None
    if theirs:
        with of_the_baseline():
            scored = _score(theirs, sources, table, told_apart(progress))
            baseline = _subject(theirs, sources, table, files, seed, scored, candidate.data_facts)
    files.require_unchanged()
    return candidate, baseline


def _bound(policy: ResolvedPolicy, path: Path, model: Model, sources: Sources) -> _Bound:
    schema = sources.data.schema
    model.leave_out(unbound(model.fed, policy.model.inputs, policy.data, schema))
    feeds = bind(model.fed, policy.model.inputs, policy.data, schema, model.where, model.channels)
    sources.require(feeds)
    return _Bound(policy, path, model, feeds)


def _candidate(
    bound: _Bound, sources: Sources, table: Dataset, files: Watched, seed: int, progress: Progress
) -> Subject:
    with ThreadPoolExecutor(1) as pool:
        found = sources.digests(pool)  # beside the scores
        scored = _score(bound, sources, table, progress)
    digests = {name: digest.result() for name, digest in found.items()}
    facts = data_facts(bound.policy, digests, table, scored.hashes)
    return _subject(bound, sources, table, files, seed, scored, facts)


def _score(bound: _Bound, sources: Sources, table: Dataset, progress: Progress) -> Scored:
    return score(bound.policy, bound.model, bound.feeds, sources.data, table.labels, progress)


def _subject(
    bound: _Bound,
    sources: Sources,
    table: Dataset,
    files: Watched,
    seed: int,
    scored: Scored,
    facts: DataFacts,
) -> Subject:
    policy, model, feeds = bound.policy, bound.model, bound.feeds
    return Subject(
        policy, seed, files, model, sources.data, feeds, table.rows, sources.background, scored.scores,
        scored.decider, table.attributes, table.weights, table.clusters,
        model_facts(policy, bound.path, model, feeds, scored), facts,
    )  # fmt: skip
