"""A score that is not the row's own is found, whatever makes it so; rounding is not taken for that."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from audit.cli import main
from audit.errors import AuditError
from audit.model.determinism.check import require_deterministic
from audit.model.determinism.comparison import flipped_share
from audit.model.model import Model, open_model
from audit.policy.model import ModelSpec

from ...audits import content, store, subject
from ...models import save

WIDTH = 4
WEIGHTS = np.random.default_rng(0).normal(size=(WIDTH, 3)).astype(np.float32)
Score = Callable[[Any], Any]


def logits(x: Any) -> Any:
    return tf.matmul(x, tf.constant(WEIGHTS))


def frame(rows: int, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    columns = dict(zip("abcd", rng.normal(size=(WIDTH, rows)).astype(np.float32), strict=True))
    return pd.DataFrame(columns).assign(label=np.arange(rows) % 3)


def audited(
    score: Score, folder: Path, rows: int = 200, batch: int | None = None, allowed: Sequence[str] = ()
) -> Any:
    """Score ``rows`` rows with the model that ``score`` is exported as."""
    save(folder / "model", score, x=([batch, WIDTH], tf.float32))
    policy = content(folder / "model", store(frame(rows), folder), favorable=1)
    policy["model"]["allow_operations"] = list(allowed)
    return subject(policy)


def refused(score: Score, folder: Path, rows: int = 200, batch: int | None = None) -> AuditError:
    with pytest.raises(AuditError) as caught:
        audited(score, folder, rows, batch)
    return caught.value


def batch_normalized(x: Any) -> Any:
    """Batch normalization that was left in training mode."""
    mean, variance = tf.nn.moments(x, 0)
    return tf.nn.softmax(logits((x - mean) / tf.sqrt(variance + 1e-3)))


NEIGHBOURS: dict[str, Score] = {
    "batch normalization": batch_normalized,
    "the batch's mean": lambda x: tf.nn.softmax(logits(x) + [[0.02, 0.0, 0.0]] * tf.reduce_mean(x[:, 0])),
    "the batch's largest": lambda x: tf.nn.softmax(logits(x / tf.reduce_max(tf.abs(x)))),
    "the number of rows": lambda x: tf.nn.softmax(
        logits(x) * (1 + 0.002 * tf.cast(tf.shape(x)[0], tf.float32))
    ),
    "the row before": lambda x: tf.nn.softmax(logits(x + 0.1 * tf.roll(x, 1, 0))),
    "the place in the batch": lambda x: tf.nn.softmax(
        logits(x) + 0.01 * tf.cast(tf.range(tf.shape(x)[0]), tf.float32)[:, None] * [[1.0, 0.0, 0.0]]
    ),
}
CHANCE: dict[str, Score] = {
    "dropout": lambda x: tf.nn.softmax(logits(tf.nn.dropout(x, 0.1))),
    "sampling": lambda x: tf.nn.softmax(logits(x) + tf.random.normal([tf.shape(x)[0], 3], 0, 0.05)),
}


@pytest.mark.parametrize("rows", [3, 40, 200])
@pytest.mark.parametrize("case", list(NEIGHBOURS))
def test_neighbours_in_the_batch_are_found(tmp_path: Path, case: str, rows: int) -> None:
    if case == "the number of rows" and rows == 3:
        rows = 6
    error = refused(NEIGHBOURS[case], tmp_path, rows)
    assert error.expected == "the same score for the same row, alone or among others"
    assert " alone, " in error.found and f" in a batch of {min(rows, 64)}" in error.found
    assert "training=False" in error.fix


@pytest.mark.parametrize("case", list(CHANCE))
def test_chance_is_found(tmp_path: Path, case: str) -> None:
    error = refused(CHANCE[case], tmp_path)
    assert error.expected == "the same score for the same row, on every call"
    assert "in a second call with the same batch (the graph draws random numbers: Random" in error.found


def test_numbers_that_are_drawn_alike_in_every_call_differ_by_place(tmp_path: Path) -> None:
    def score(x: Any) -> Any:
        return tf.nn.softmax(logits(x) + tf.random.stateless_normal([tf.shape(x)[0], 3], [1, 2]))

    assert "alone" in refused(score, tmp_path).found


def test_the_row_and_the_scores_are_those_of_the_signature(tmp_path: Path) -> None:
    """What the message says can be repeated by hand."""
    error = refused(batch_normalized, tmp_path, 40)
    words = error.found.replace(",", "").replace(":", "").split()
    row, column, alone, among = int(words[1]), int(words[3]), float(words[4]), float(words[6])
    function = tf.saved_model.load(str(tmp_path / "model")).signatures["serving_default"]
    x = frame(40)[list("abcd")].to_numpy()
    assert function(x=tf.constant(x[row - 1 : row]))["score"].numpy()[0, column - 1] == pytest.approx(
        alone, 1e-5
    )
    assert function(x=tf.constant(x))["score"].numpy()[row - 1, column - 1] == pytest.approx(among, 1e-5)


def test_a_fixed_batch_is_compared_with_other_neighbours(tmp_path: Path) -> None:
    audited(lambda x: tf.nn.softmax(logits(x)), tmp_path / "healthy", batch=8)
    assert "alone" in refused(batch_normalized, tmp_path / "other", batch=8).found


def test_a_model_that_fails_on_one_row_is_named(tmp_path: Path) -> None:
    def score(x: Any) -> Any:
        with tf.control_dependencies([tf.debugging.assert_greater(tf.shape(x)[0], 1)]):
            return tf.nn.softmax(logits(x))

    assert "row 1 alone" in refused(score, tmp_path).expected


def test_the_exit_code_is_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save(tmp_path / "model", batch_normalized, x=([None, WIDTH], tf.float32))
    data = store(frame(100), tmp_path)
    given = ["--model", str(tmp_path / "model"), "--data", str(data), "--label", "label"]
    options = ["--set", "data.favorable=1", "--out", str(tmp_path / "out"), "--quiet"]
    assert main(["run", *given, *options]) == 2
    assert "alone or among others" in capsys.readouterr().err


def deep(dtype: Any, layers: int, units: int) -> Score:
    """A network whose sums come out in another order in a batch of another size."""
    rng = np.random.default_rng(1)
    sizes = [WIDTH] + [units] * layers + [3]
    weights = [rng.normal(0, np.sqrt(2 / a), (a, b)).astype(np.float32) for a, b in itertools.pairwise(sizes)]

    def score(x: Any) -> Any:
        h = tf.cast(x, dtype)
        for w in weights[:-1]:
            h = tf.nn.relu(tf.matmul(h, tf.cast(w, dtype)))
        return tf.nn.softmax(tf.cast(tf.matmul(h, tf.cast(weights[-1], dtype)), tf.float32))

    return score


@pytest.mark.parametrize("dtype", [tf.float16, tf.bfloat16, tf.float32, tf.float64], ids=lambda d: d.name)
@pytest.mark.parametrize(("layers", "units"), [(4, 256), (2, 1024)])
def test_rounding_is_no_dependence(tmp_path: Path, dtype: Any, layers: int, units: int) -> None:
    audited(deep(dtype, layers, units), tmp_path)


def changed_in_a_batch(share: float, dtype: Any) -> Score:
    """Scores that are drawn towards a third by a share of the way as soon as there are several rows."""

    def score(x: Any) -> Any:
        several = tf.cast(tf.shape(x)[0] > 1, tf.float64)
        exact = tf.nn.softmax(logits(tf.cast(tf.cast(x, dtype), tf.float32)))
        return tf.cast(exact, tf.float64) * (1 - share * several) + share * several / 3

    return score


ROUNDED = {tf.float32: 1e-5, tf.float16: 2e-3, tf.bfloat16: 1e-2}


@pytest.mark.parametrize("dtype", list(ROUNDED), ids=lambda d: d.name)
def test_what_the_coarsest_type_cannot_hold_is_rounding(tmp_path: Path, dtype: Any) -> None:
    audited(changed_in_a_batch(ROUNDED[dtype], dtype), tmp_path / "rounded", allowed=["batch_size"])
    for beyond in (20, 100):
        share = min(ROUNDED[dtype] * beyond, 0.5)
        assert "alone" in refused(changed_in_a_batch(share, dtype), tmp_path / str(beyond)).found


@pytest.mark.parametrize("dtype", [tf.float16, tf.bfloat16], ids=lambda d: d.name)
@pytest.mark.parametrize("case", ["dropout", "batch normalization"])
def test_training_mode_is_found_in_16_bits(tmp_path: Path, case: str, dtype: Any) -> None:
    made = {**NEIGHBOURS, **CHANCE}[case]
    refused(lambda x: made(tf.cast(tf.cast(x, dtype), tf.float32)), tmp_path)


def model_of(score: Score, folder: Path) -> Model:
    save(folder / "model", score, x=([None, WIDTH], tf.float32))
    return open_model(ModelSpec(path="model"), folder / "model")


def test_it_costs_few_calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = model_of(lambda x: tf.nn.softmax(logits(x)), tmp_path)
    x = tf.constant(frame(5000)[list("abcd")].to_numpy())
    raw, calls, call = model({"x": x}), list[int](), Model.__call__

    def counted(self: Model, tensors: Any, first_row: int = 1) -> np.ndarray:
        calls.append(len(tensors["x"]))
        return call(self, tensors, first_row)

    monkeypatch.setattr(Model, "__call__", counted)
    require_deterministic(model, {"x": x}, raw)
    assert calls[:18] == [64, 64] + [1] * 16
    assert calls[18:23] == [4096, 2, 7, 33, 130]
    further = calls[18 + 1 + 4 * 24 :]
    assert {2**power for power in range(2, 13)} <= set(further), "powers of two up to the scored batch's size"
    assert len(further) == len(set(further)) <= 11 + 4 and sum(further) < 6 * 4096
    assert sum(calls[18:]) - sum(further) == 2 * 4096 and len(calls) < 140, "each size may be compiled for"


def test_of_rows_with_many_numbers_fewer_are_scored_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(
        tmp_path / "model", lambda x: tf.sigmoid(tf.reduce_mean(x, [1, 2])), x=([None, 101, 100], tf.float32)
    )
    model = open_model(ModelSpec(path="model"), tmp_path / "model")
    x = tf.random.stateless_normal([400, 101, 100], [0, 0])
    raw, rows, call = model({"x": x}), list[int](), Model.__call__

    def counted(self: Model, tensors: Any, first_row: int = 1) -> np.ndarray:
        rows.append(len(tensors["x"]))
        return call(self, tensors, first_row)

    monkeypatch.setattr(Model, "__call__", counted)
    require_deterministic(model, {"x": x}, raw)
    assert rows[18] == 256 and sum(rows[18:]) < 5 * 256


RARE_ROWS = 4000  # all are in the first batch, and one in 57 has an ``a`` above 2.1


def rare(usual: Score, other: Score) -> Score:
    """Score rows with ``a`` above 2.1 otherwise than the usual ones, none of which is in the small sample."""
    return lambda x: tf.nn.softmax(tf.where(x[:, :1] > 2.1, other(x), usual(x)))


def odd_place(x: Any) -> Any:
    return tf.reshape(tf.cast(tf.range(tf.shape(x)[0]) % 2, tf.float32), [-1, 1])


def sampled_rows() -> np.ndarray:
    return np.unique(np.linspace(0, RARE_ROWS - 1, 64).astype(int))


RARE: dict[str, Score] = {
    "chance": rare(logits, lambda x: logits(x) + tf.random.normal([tf.shape(x)[0], 3])),
    "the batch's mean": rare(logits, lambda x: logits(x) - [[5.0, 0.0, 0.0]] * tf.reduce_mean(x[:, 1] + 1)),
    "place": rare(logits, lambda x: logits(x) + 3 * odd_place(x) * [[1.0, 0.0, 0.0]]),
}


@pytest.mark.parametrize("case", list(RARE))
def test_what_touches_rare_rows_only_is_found(tmp_path: Path, case: str) -> None:
    model, seed = model_of(RARE[case], tmp_path), 0
    while (x := frame(RARE_ROWS, seed)[list("abcd")].to_numpy())[sampled_rows(), 0].max() > 2.1:
        seed += 1
    with pytest.raises(AuditError) as caught:
        require_deterministic(model, {"x": tf.constant(x)}, model({"x": tf.constant(x)}), 1001)
    assert caught.value.expected == "the same score for the same row, in whichever batch and place"
    named = re.match(r"row ([\d,]+), column", caught.value.found)
    assert named is not None
    row = int(named[1].replace(",", ""))
    assert x[row - 1001, 0] > 2.1, "the message names the row"
    assert ("draws random numbers" in caught.value.found) == (case == "chance")


@pytest.mark.parametrize(("fewest", "most", "rows"), [(2, 63, 3000), (100, 150, 3000), (4097, 10**9, 5000)])
def test_batches_of_other_sizes_are_compared(tmp_path: Path, fewest: int, most: int, rows: int) -> None:
    """Batches of 1, of 64 and of all rows agree in the first two cases; the third is found from a row alone."""

    def score(x: Any) -> Any:
        size = tf.shape(x)[0]
        return tf.nn.softmax(tf.where((size >= fewest) & (size <= most), -logits(x), logits(x)))

    assert "in a batch of " in refused(score, tmp_path, rows).found


def seeded(calls: int) -> Score:
    """A model that knows the numbers of its first ``calls`` draws, and turns at the first other one."""
    draw = tf.function(lambda: tf.random.uniform([], seed=7))
    known = tf.stack([draw() for _ in range(calls)])
    return lambda x: tf.nn.softmax(logits(x) * tf.where(tf.reduce_any(known == draw()), 1.0, -1.0))


def test_random_numbers_that_count_the_calls_are_refused(tmp_path: Path) -> None:
    """No comparison finds them: each was made in one of the calls that the model knows."""
    model, x = model_of(seeded(300), tmp_path), {"x": tf.constant(frame(50)[list("abcd")].to_numpy())}
    with pytest.raises(AuditError, match=r"seeded random operations .*: RandomUniform;"):
        require_deterministic(model, x, model(x))
    before = model(x)
    scores = [model(x) for _ in range(300)]
    assert (scores[0] == before).all() and (scores[-1] != before).all()


def test_random_numbers_without_a_seed_that_change_nothing_are_not(tmp_path: Path) -> None:
    def score(x: Any) -> Any:
        noise = tf.raw_ops.RandomUniform(shape=tf.constant([], tf.int32), dtype=tf.float32, seed=0, seed2=0)
        return tf.nn.softmax(logits(x) + 0 * noise)

    model = model_of(score, tmp_path)
    x = {"x": tf.constant(frame(50)[list("abcd")].to_numpy())}
    require_deterministic(model, x, model(x))


def test_one_row_is_compared_with_itself(tmp_path: Path) -> None:
    model = model_of(NEIGHBOURS["the row before"], tmp_path)
    x = tf.ones([1, WIDTH])
    require_deterministic(model, {"x": x}, model({"x": x}))
    with pytest.raises(AuditError, match="in a second call with the same batch"):
        noisy = model_of(CHANCE["sampling"], tmp_path / "noisy")
        require_deterministic(noisy, {"x": x}, noisy({"x": x}))


@pytest.mark.parametrize(
    ("one", "other", "share"),
    [
        ([[0.49], [0.51], [0.9], [0.1]], [[0.51], [0.51], [0.9], [0.1]], 0.25),
        ([[0.4, 0.6], [0.7, 0.3]], [[0.6, 0.4], [0.7, 0.3]], 0.5),
        ([[-3.0], [0.2]], [[3.0], [0.9]], 0.0),  # no probabilities: nothing is decided at 0.5
        ([[0.5], [0.5]], [[0.5], [0.5]], 0.0),
    ],
)
def test_decisions_are_compared_as_well(
    one: list[list[float]], other: list[list[float]], share: float
) -> None:
    assert flipped_share(np.array(one), np.array(other)) == share


def test_scores_next_to_the_threshold_do_not_change_sides_with_the_batch(tmp_path: Path) -> None:
    """By less than rounding explains, and in half of the rows: those of one sign of ``x``."""

    def score(x: Any) -> Any:
        rows = tf.cast(tf.shape(x)[0], tf.float32)
        return 0.5 + 1e-6 * x[:, 0] - 3e-6 * tf.cast(x[:, 0] > 0, tf.float32) / rows

    save(tmp_path / "model", score, x=([None, 1], tf.float32))
    random = np.random.default_rng(2)
    table = pd.DataFrame({"x": random.normal(size=400), "label": random.integers(0, 2, 400)})
    table.loc[:3, "x"] = [3e5, -3e5, 3e5, -3e5]
    policy = content(tmp_path / "model", store(table, tmp_path), spec={"output": "probabilities"})
    with pytest.raises(AuditError, match="the same score for the same row"):
        subject(policy)
