"""What a check sees: the model, the data, and the scores, computed once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from audit.data.groups import Attribute
from audit.data.open import locate, open_source
from audit.data.source import Source
from audit.data.table import read_table
from audit.decider import Decider
from audit.facts import data_facts, model_facts
from audit.features import Features
from audit.judge import Judge, require_same
from audit.model.artifact import find_model
from audit.model.binding import bind, unbound
from audit.model.feeds import Feed
from audit.model.logits import Logits, find_logits
from audit.model.model import Model, open_model
from audit.pictures import Pictures, find_pictures
from audit.policy.model import Policy
from audit.reading import read_features
from audit.result import DataFacts, ModelFacts
from audit.scores import Classified, Regressed
from audit.scoring import Progress, score
from audit.watched import Watched


@dataclass(frozen=True)
class Subject:
    """The audited model on the audited rows.

    ``weights`` (float64) and ``clusters`` (int32 codes) are None where the policy names none. ``seed`` is
    that of everything that is drawn at random; equal ``policy`` and ``seed`` must give equal measurements.
    """

    policy: Policy
    seed: int
    files: Watched
    model: Model
    source: Source
    feeds: list[Feed]
    rows: int
    background: Source
    scores: Classified | Regressed
    decider: Decider
    attributes: list[Attribute]
    weights: np.ndarray | None
    clusters: np.ndarray | None
    model_facts: ModelFacts
    data_facts: DataFacts

    @cached_property
    def features(self) -> Features:
        """The features of sampled rows of the data and of the background, read when they are first asked for."""
        missing = self.policy.data.missing
        found = read_features(self.feeds, self.source, self.background, missing, self.seed)
        self.files.require_unchanged()
        return found

    @cached_property
    def pictures(self) -> Pictures | None:
        """The pictures that the model reads; None where it reads a table."""
        return find_pictures(self.features, self.feeds, self.policy.data.pixels)

    @cached_property
    def logits(self) -> Logits:
        """The model's logits as a function of a matrix of features, cut out of the graph when first asked for."""
        features, _ = self.features, self.judge  # what cannot be judged cannot be confirmed either
        return find_logits(self.model, self.decider.head, self.feeds, features.columns, features.data.matrix)

    @cached_property
    def judge(self) -> Judge:
        """The uncut model's decisions on a matrix of features.

        Raises:
            Skip: it does not judge rows, made again from their features, as they were scored.
        """
        judge = Judge(self.model, self.feeds, self.features.columns, self.decider)
        require_same(judge, self.features.data, self.scores)
        return judge


def load_subject(policy: Policy, progress: Progress, seed: int = 0) -> Subject:
    """Read the data, load the model, score every row once.

    Raises:
        AuditError: data or model cannot be audited under this policy.
    """
    base = Path(policy.path).parent if policy.path else None
    source = open_source(policy.data.path, base)
    source.require(list(policy.data.missing))
    background = open_source(policy.data.background, base) if policy.data.background else source
    path = find_model(locate(policy.model.path, base))
    files = Watched([path, *source.files, *background.files])
    table = read_table(policy.data, source, policy.model.output.kind == "regression")
    model = open_model(policy.model, path)
    model.leave_out(unbound(model.fed, policy.model.inputs, policy.data, source.schema))
    feeds = bind(model.fed, policy.model.inputs, policy.data, source.schema, model.where, model.channels)
    for given in (source, background):
        given.require([column for feed in feeds for column in feed.reads])
    sources = {"data": source} | ({"background": background} if background is not source else {})
    with ThreadPoolExecutor(1) as pool:
        found = {name: pool.submit(given.digest) for name, given in sources.items()}  # beside the scores
        scored = score(policy, model, feeds, source, table.labels, progress)
    digests = {name: digest.result() for name, digest in found.items()}
    facts = (
        model_facts(policy, path, model, feeds, scored),
        data_facts(policy, digests, table, scored.hashes),
    )
    files.require_unchanged()
    return Subject(
        policy, seed, files, model, source, feeds, table.rows, background, scored.scores, scored.decider,
        table.attributes, table.weights, table.clusters, *facts,
    )  # fmt: skip
