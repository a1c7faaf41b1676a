"""The subject of an audit: model, data and scores, loaded and computed once for all checks."""

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from audit.data.masking import Masker
from audit.data.protected_attributes import Attribute
from audit.data.source import Source
from audit.execution import Backend, LocalBackend
from audit.frameworks.tensorflow_loader import tensorflow
from audit.inputs.features import MOST_ROWS, Features
from audit.inputs.finite import without_infinite
from audit.model.decision import DecisionRule
from audit.model.graph.multiply_adds import multiply_adds
from audit.model.logits.encoder import EncodedSubgraph
from audit.model.logits.logits import Logits
from audit.model.logits.surrogate import SurrogateLogits
from audit.provenance.digest import WatchedFiles
from audit.result import DataFacts, ModelFacts
from audit.subject.encoded_columns import EncodedColumns, find_encoded_columns
from audit.subject.images import ImageColumn, find_image_column
from audit.subject.model_functions import ModelFunctions
from audit.subject.predictions import Classified, Regressed
from audit.subject.predictor import Predictor, require_same
from audit.subject.row_keys import RowKeys
from audit.subject.sampling import read_features
from audit.subject.scoring import Progress
from audit.subject.sources import BoundModel, Sources


def _ignore(*_: object) -> None:
    """Report progress to nobody."""


@dataclass(frozen=True, kw_only=True)
class Subject(BoundModel):
    """The audited model with the audited rows and their scores.

    ``weights`` (float64) and ``clusters`` (int32 codes) are None if the policy names none. ``seed`` is that of all
    random numbers; equal ``policy`` and ``seed`` must give equal measurements, in whatever order the file has the rows:
    what is drawn follows ``keys``, or places in `features`, whose rows are in the order of these. ``sample_rows`` is
    the maximal number of rows of the data in `features`; ``superset`` is the subject whose larger sample contains this
    one's. ``tables`` is whether tables over thresholds and scores are read: those of a batch are not. ``compared`` are
    the subjects whose measurements are compared with this one's, row by row. ``backend`` computes the model on many
    rows. ``progress`` is called with a step, the rows done and the rows in all.
    """

    seed: int
    keys: RowKeys
    files: WatchedFiles
    source: Source
    rows: int
    background: Source
    scores: Classified | Regressed
    decision_rule: DecisionRule
    attributes: list[Attribute]
    weights: np.ndarray | None
    clusters: np.ndarray | None
    model_facts: ModelFacts
    data_facts: DataFacts
    sample_rows: int = MOST_ROWS
    tables: bool = True
    superset: "Subject | None" = field(default=None, compare=False, repr=False)
    compared: "list[Subject]" = field(default_factory=list, compare=False, repr=False)
    backend: Backend = field(default_factory=LocalBackend, compare=False, repr=False)
    progress: Progress = field(default=_ignore, compare=False, repr=False)

    def sampled(self, rows: int) -> "Subject":
        """Return the subject with a sample of at most ``rows`` rows of the data; itself if that is its own.

        A larger sample holds the rows of a smaller one. For it the data are read again, and everything is found out
        anew; a smaller one shares what is known from all sampled rows (`image_column`, `encoded`, `logits`,
        `predictor`).
        """
        present = min(self.sample_rows, self.rows)
        requested = min(rows, self.rows)
        if requested == present:
            return self
        return replace(self, sample_rows=requested, superset=self if requested < present else None)

    def row_number(self, row: int) -> int:
        """Return the number in the file, from 1, of an audited row: those that do not count are numbered as well."""
        file_rows = self.keys.data.file_rows
        return (row if file_rows is None else int(file_rows[row])) + 1

    @cached_property
    def features(self) -> Features:
        """The features of sampled rows of the data and of the background, read on first use.

        Rows of the data with an infinite value are left out: nothing can be added to it.
        """
        if self.superset:
            features = self.superset.features
            return replace(features, data=features.data.sample(self.sample_rows))
        sources = Sources(self.source, self.background)
        missing = self.policy.data.missing
        features = read_features(self.feeds, sources, missing, self.keys, rows=self.sample_rows)
        self.files.require_unchanged()
        return without_infinite(features, self.feeds)

    @cached_property
    def masker(self) -> Masker:
        """Formats values of single rows for the report, so that each is shared by many rows of the background."""
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
    def image_column(self) -> ImageColumn | None:
        """The image column that the model reads, or None if it reads a table."""
        if self.superset:
            return self.superset.image_column
        return find_image_column(self.features, self.feeds, self.policy.data.pixels)

    @cached_property
    def encoded(self) -> EncodedColumns:
        """The columns that stand for categories or steps."""
        return self.superset.encoded if self.superset else find_encoded_columns(self.features)

    @cached_property
    def logits(self) -> Logits:
        """The model's logits as a function of a matrix of features, cut out of the graph on first use."""
        if self.superset:
            return self.superset.logits
        _ = self.predictor  # logits are verified against its scores: without it there is nothing to verify
        return self.functions.logits

    @cached_property
    def own_multiply_adds(self) -> int:
        """Multiply-adds of the logits of one encoded row, counted from their graph; see `multiply_adds`."""
        if self.superset:
            return self.superset.own_multiply_adds
        encoded = tensorflow().TensorSpec([None, len(self.logits.players)], self.features.data.matrix.dtype)
        return multiply_adds(self.logits.graph, [encoded])

    @cached_property
    def scoring_multiply_adds(self) -> int:
        """Multiply-adds of the scores of one row, by the whole graph; 1 where that cannot be frozen."""
        frozen, columns = self.model.frozen, self.features.columns
        if frozen is None:
            return 1
        whole = EncodedSubgraph(frozen, frozen.output, self.feeds, columns, behind_texts=False)
        matrix = self.features.data.matrix
        rows = tensorflow().TensorSpec([None, matrix.shape[1]], matrix.dtype)
        return multiply_adds(lambda encoded: whole(whole.encode(encoded)), [rows])

    @property
    def multiply_adds(self) -> int:
        """Multiply-adds of one encoded row, of the costlier of two models that are compared on the same rows."""
        return max(subject.own_multiply_adds for subject in (self, *self.compared))

    @property
    def uncut_logits(self) -> Logits:
        """The model's logits by its whole signature, for gradients that its cut graph does not have."""
        return self.functions.uncut_logits

    @property
    def surrogate_logits(self) -> SurrogateLogits | None:
        """Logits with straight-through gradients that decide as the model does, None if its graph offers none."""
        return self.functions.surrogate

    @cached_property
    def functions(self) -> ModelFunctions:
        """The model as functions of a matrix of features, which other processes can have as well."""
        if self.superset:
            return self.superset.functions
        features = self.features
        return ModelFunctions(
            self.model, self.feeds, features.columns, self.decision_rule, features.data.matrix
        )

    @cached_property
    def predictor(self) -> Predictor:
        """The uncut model's scores and decisions on a matrix of features.

        Raises:
            Skip: it scores rows that are made again from their features otherwise than the rows of the data.
        """
        if self.superset:
            return self.superset.predictor
        require_same(self.functions.predictor, self.features.data, self.scores)
        return self.functions.predictor
