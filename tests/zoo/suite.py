"""What must hold for every kind of the zoo; a module of tests names its kinds in a class of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import ClassVar

import numpy as np
import pytest
import tensorflow as tf

from audit.attribution import attribute
from audit.checks.explainability.explanation import ExplainedOutput, Sampling, explain
from audit.data.row_hashes import HashKey
from audit.errors import AuditError
from audit.execution.backend import LocalBackend, Part, Result
from audit.execution.payload import decode, encode
from audit.subject.batch_scoring import BatchScorer, RowBatch, rows_digest
from audit.subject.batches import feature_batches
from audit.subject.predictions import Classified

from . import slopes, table, truth
from .audited import Audited, known
from .kind import Kind


class InTurn(LocalBackend):
    """One part after the other: functions that call TensorFlow from within a graph take all threads otherwise."""

    def map(
        self, function: Callable[[Part], Result], parts: Iterable[Part], *, concurrency: int = 1
    ) -> Iterator[Result]:
        return super().map(function, parts)


class Suite:
    """Tests of kinds that can be audited: ``kinds`` are those of the subclass."""

    kinds: ClassVar[list[Kind]]

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Build and audit each kind once a class."""
        kinds = [kind for kind in self.kinds if not kind.refused]
        metafunc.parametrize("kind", kinds, ids=[kind.name for kind in kinds], scope="class")

    def test_every_check_measures_or_says_why_not(self, audited: Audited) -> None:
        checks = {check["name"]: check for check in audited.report["checks"]}
        assert set(checks) == {"performance", "fairness", "explainability", "robustness", "slices"}
        for check in checks.values():
            assert check["status"] == "measured" or (check["status"] == "skipped" and check["reason"]), check

    def test_the_page_says_so(self, audited: Audited) -> None:
        row = table.row(audited)
        assert "crashed" not in row
        if table.WRITE:
            from .kinds import KINDS

            table.write(KINDS, audited.kind.name, row)
        assert table.is_written(audited.kind.name, row), row

    def test_init_asks_for_what_it_takes(self, audited: Audited) -> None:
        """Each question has a choice that the kind's author knows the answer to; nothing else was added."""
        assert audited.init == (3 if audited.asked else 0)
        assert all(not known(audited.made).keys().isdisjoint(keys) for keys in audited.asked)

    def test_the_model_knows_its_labels(self, audited: Audited) -> None:
        """Else an order of classes that is turned round would go unnoticed."""
        measured = audited.report["checks"][0]["measurements"]
        metrics = {m["metric"]: m["value"] for m in measured if not m["where"]}
        name = "performance.r2" if "performance.r2" in metrics else "performance.auc"
        assert metrics[name] > 0.6

    def test_scores_are_those_of_a_call_by_hand(self, audited: Audited) -> None:
        scores, decider = audited.subject.scores, audited.subject.decision_rule
        expected = truth.probabilities(truth.raw(audited.made), decider.head.kind)
        if isinstance(scores, Classified):
            np.testing.assert_array_equal(scores.favorable, expected[:, decider.favorable].sum(1))
        else:
            np.testing.assert_array_equal(scores.prediction, expected[:, 0])

    def test_logits_are_those_of_the_scores(self, audited: Audited) -> None:
        subject = audited.subject
        rows = subject.features.data.matrix
        logits = tf.function(subject.logits, autograph=False)(tf.constant(rows)).numpy()
        kind = "regression" if subject.decision_rule.head.kind == "regression" else "logits"
        found = truth.probabilities(logits, kind)
        uncut = subject.predictor.decide(rows)[0]
        if _has_tail(audited):  # what lies between is left out of the cut, and said to be
            order = np.argsort(found[:, subject.decision_rule.favorable].sum(1), kind="stable")
            assert (np.diff(uncut[order]) >= -1e-6).all()
        else:
            favorable = (
                found[:, 0] if kind == "regression" else found[:, subject.decision_rule.favorable].sum(1)
            )
            np.testing.assert_allclose(favorable, uncut, rtol=1e-6, atol=_rounding(audited))

    def test_another_process_gets_the_same_model(self, audited: Audited) -> None:
        """What is sent to a worker: the model's path, and what it takes to find the same functions there."""
        subject = audited.subject
        _ = subject.logits, subject.surrogate_logits  # both are found, and not sent
        key = HashKey(0)
        local = BatchScorer.of(subject, subject.source, key)
        payload = encode((subject.functions, local))
        functions, scorer = decode(payload.data, payload.buffers)
        assert functions is not subject.functions and functions.model is not subject.model
        rows = subject.features.data.matrix[:64]
        np.testing.assert_array_equal(functions.predictor.decide(rows), subject.predictor.decide(rows))
        for name in ("logits", "surrogate"):
            one, other = getattr(functions, name), getattr(subject.functions, name)
            assert (one is None) == (other is None)
            if one is not None:
                arrays = (tf.function(f, autograph=False)(tf.constant(rows)) for f in (one, other))
                np.testing.assert_array_equal(*arrays)
        batch = next(feature_batches(subject.feeds, subject.source, subject.policy.data.missing, key))
        part = RowBatch(0, 1, len(batch.hashes), rows_digest(batch.hashes))
        np.testing.assert_array_equal(
            scorer(part), local(part._replace(tensors=batch.tensors(subject.feeds)))
        )
        with pytest.raises(AuditError, match="where a worker reads them"):
            scorer(part._replace(digest="another"))

    def test_attributions_are_those_of_the_uncut_model(self, audited: Audited) -> None:
        if _has_tail(audited):
            pytest.skip("the tail of the model is left out of the cut, and said to be")
        subject = audited.subject
        rows, references = np.arange(8), np.arange(20, 28)
        options = Sampling(subject.seed, tolerance=0.1, memory_bytes=2**24)
        cut = explain(subject, ExplainedOutput.of(subject, score=True), rows, references, options)

        def uncut(matrix: tf.Tensor) -> tf.Tensor:
            found = tf.numpy_function(
                lambda given: subject.predictor.decide(given)[0].astype(given.dtype), [matrix], matrix.dtype
            )
            return tf.ensure_shape(found, [None])

        matrix = subject.features.data.matrix
        players = np.repeat(
            np.arange(len(subject.features.columns)), [c.width for c in subject.features.columns]
        )
        wanted = attribute(
            uncut, matrix[rows], matrix[references],
            feature_of_column=players, backend=InTurn(), **options._asdict(),
        )  # fmt: skip
        np.testing.assert_allclose(cut.attributions.values, wanted.values, rtol=1e-5, atol=_rounding(audited))

    def test_gradients_are_finite_differences(self, audited: Audited) -> None:
        if "pgd" not in audited.attacks() or "square" in audited.attacks() or _has_tail(audited):
            pytest.skip("no gradient was followed as the model's own")
        found, expected = slopes.compared(audited.subject)
        if not len(expected):
            pytest.skip("no input of floats")
        near = np.abs(found - expected) <= 1e-2 * np.abs(expected) + 1e-5
        assert len(expected) >= 30 and near.mean() >= 0.95


def _has_tail(audited: Audited) -> bool:
    return "left out" in audited.subject.logits.evidence


def _rounding(audited: Audited) -> float:
    """Return what scores may differ by: a prediction is no probability, and has the size that it has."""
    prediction = getattr(audited.subject.scores, "prediction", None)
    return 1e-6 * (1.0 if prediction is None else float(np.abs(prediction).max()))
