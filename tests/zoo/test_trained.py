"""Kinds by how the model was trained; those in fewer bits are held against their twins in float32."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from audit.subject.predictions import Classified
from audit.subject.subject import Subject

from . import trained
from .audited import Audited
from .kind import Kind
from .learned import twin
from .people import matrix, people
from .slopes import gradients
from .suite import Suite


class TestAcrossDevices(Suite):
    kinds = trained.ACROSS_DEVICES


class TestTraining(Suite):
    kinds = trained.OTHERS


class TestFineTuning(Suite):
    kinds = trained.FINE_TUNED

    def test_logits_are_those_of_the_scores(self, audited: Audited) -> None:
        """As closely as its fifty layers know their input: the cut folds batch normalization into convolutions."""
        rows, decide = audited.subject.features.data.matrix, audited.subject.predictor.decide
        logits = tf.function(audited.subject.logits, autograph=False)(tf.constant(rows))
        expected, nudged = decide(rows)[0], decide(np.nextafter(rows, np.float32(np.inf)))[0]
        own = float(np.abs(nudged - expected).max())
        assert own < 1e-5
        np.testing.assert_allclose(tf.nn.softmax(logits)[:, 1], expected, rtol=0, atol=max(1e-6, 2 * own))


@pytest.fixture(scope="class")
def unrounded(kind: Kind) -> keras.Model:
    build, _ = trained.IN_FEWER_BITS[kind.name]
    return twin(build())


class TestInFewerBits(Suite):
    kinds = trained.TWINNED

    def test_scores_are_nearly_those_of_the_twin(self, audited: Audited, unrounded: keras.Model) -> None:
        assert isinstance(audited.subject.scores, Classified)
        expected = unrounded(matrix(people())).numpy()[:, 0]
        np.testing.assert_allclose(audited.subject.scores.favorable, expected, rtol=0, atol=_step(audited))

    def test_gradients_are_finite_differences(  # type: ignore[override]  # one more fixture
        self, audited: Audited, unrounded: keras.Model
    ) -> None:
        """Or those of the twin: steps that are small enough to differ by are too small for these bits."""
        rows = tf.constant(matrix(people()))
        with tf.GradientTape() as tape:
            tape.watch(rows)
            score = unrounded(rows)
            log_odds = tf.math.log(score) - tf.math.log1p(-score)
        found, expected = gradients(audited.subject, rows.numpy()), tape.gradient(log_odds, rows).numpy()
        np.testing.assert_allclose(found, expected, rtol=0, atol=4 * _step(audited) * np.abs(expected).max())

    def test_logits_are_those_of_the_scores(self, audited: Audited) -> None:
        if not _rounds_scores(audited.subject):
            return super().test_logits_are_those_of_the_scores(audited)
        rows = audited.subject.features.data.matrix
        logits = tf.function(audited.subject.logits, autograph=False)(tf.constant(rows))
        found, expected = tf.nn.softmax(logits)[:, 1], audited.subject.predictor.decide(rows)[0]
        np.testing.assert_allclose(found, expected, rtol=0, atol=_step(audited))

    def test_attributions_are_those_of_the_uncut_model(self, audited: Audited) -> None:
        if _rounds_scores(audited.subject):
            pytest.skip("the scores have fewer bits than the attributions")
        super().test_attributions_are_those_of_the_uncut_model(audited)


def _rounds_scores(subject: Subject) -> bool:
    return bool(subject.model.signature.outputs[subject.model.output].dtype.size < 4)


def _step(audited: Audited) -> float:
    return trained.IN_FEWER_BITS[audited.kind.name][1]
