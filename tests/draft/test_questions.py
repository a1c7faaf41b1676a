"""Each error whose message names a setting of the policy carries it, so that `audit init` can offer it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from audit.data.arrow_columns import NullValue, numbers
from audit.data.dataset import read_dataset
from audit.data.labels import Labels
from audit.data.readers.registry import open_source
from audit.draft.questions import question_of
from audit.errors import AuditError
from audit.inputs.feeds import Feed
from audit.model.graph.traversal import Operation
from audit.model.head import detect_head
from audit.model.loading.signature import _choose
from audit.model.output_choice import choose_output
from audit.model.state.refusal import require_stateless
from audit.policy.csv_spec import CsvSpec
from audit.policy.load import override
from audit.policy.model import DataSpec
from audit.subject.class_order import ClassOrder, class_order, supported_source
from audit.subject.label_agreement import Agreement
from audit.subject.null_values import missing_values
from audit.subject.threshold_use import require_used_threshold
from audit.values import spelling_settings

REGRESSION = "model.output: regression"
KINDS = ["model.output: probabilities", "model.output: logits", REGRESSION]
SPELLINGS = ["data.values: {label: folded}", "data.values: {label: text}"]
THIRDS = np.array([[0.2, 0.3, 0.5]])


def labels(text: str, **given: Any) -> Callable[[Path], object]:
    """Return a reader of a table of one column, whose label values are separated by spaces."""

    def read(folder: Path) -> object:
        (folder / "t.csv").write_text("\n".join(["label", *text.split(" "), ""]))
        spec = DataSpec.model_validate({"path": str(folder / "t.csv"), "label": "label", **given})
        return read_dataset(spec, open_source(spec.path), "auto")

    return read


def table(content: bytes, **given: str) -> Callable[[Path], object]:
    """Return a reader of all columns of a CSV file."""

    def read(folder: Path) -> object:
        (folder / "t.csv").write_bytes(content)
        source = open_source(str(folder / "t.csv"), None, CsvSpec.model_validate(given))
        return list(source.batches(source.schema.names))

    return read


def ordered(width: int, *values: Any, **given: Any) -> Callable[[Path], object]:
    """Return a call that orders more label values than a model of ``width`` columns scores."""
    return lambda _: class_order(
        Labels(list(values), np.arange(len(values)), [0], **given), None, None, width
    )


def disagreeing(*values: str) -> Callable[[Path], object]:
    """Return a call that finds scores to agree with the labels in another order: each output is the next label's."""

    def fail(_: Path) -> None:
        codes = np.repeat(np.arange(len(values)), 40)
        agreement = Agreement(len(values))
        agreement.add(codes, np.eye(len(values))[codes - 1])
        supported_source(ClassOrder(list(values), "the sorted label values", assumed=True), agreement)

    return fail


def signature(*names: str) -> Callable[[Path], object]:
    """Return a call that opens ``serving_default`` of a model whose signatures have other names."""
    return lambda folder: _choose(folder, dict.fromkeys(names), "serving_default")


class Numbers(Feed):
    """A feed of numbers that asks TensorFlow for nothing."""

    is_text = property(lambda _: False)


def nulls(*columns: str) -> Callable[[Path], object]:
    """Return a call that fails on a table whose only row has nothing in these columns."""

    def fail(folder: Path) -> None:
        (folder / "t.csv").write_text("\n".join([",".join(columns), ",".join("NA" for _ in columns), ""]))
        feeds = [Numbers(name, "float32", True, [name]) for name in columns]
        raise missing_values(NullValue(columns[0], True), feeds, open_source(str(folder / "t.csv")), {})

    return fail


SPELLED = {"warning": "…", "readings": spelling_settings("label", ["a", "A", "b"])}
CASES: dict[str, tuple[Callable[[Path], object], list[str]]] = {
    "which label is favourable": (
        labels("a b c it's", protected={"label": {"privileged": ["a"]}}),
        ["data.favorable: 'a'", "data.favorable: 'b'", "data.favorable: 'c'", 'data.favorable: "it\'s"'],
    ),
    "which number is favourable": (
        labels("1 2 3", protected={"label": {"privileged": [1]}}),
        [REGRESSION, "data.favorable: 1", "data.favorable: 2", "data.favorable: 3"],
    ),
    "classes or numbers": (
        labels(" ".join(map(str, range(30)))),
        [REGRESSION, "model.output: probabilities", "model.output: logits"],
    ),
    "more numbers than classes": (labels(" ".join(map(str, range(1001)))), [REGRESSION]),
    "a threshold for classes": (labels("0 1", favorable={"at_least": 1}), [REGRESSION]),
    "a label in two spellings": (labels("yes YES no"), SPELLINGS),
    "a label in spellings that no reading merges": (labels("a- a\N{EN DASH} b"), SPELLINGS[1:]),
    "a favourable value in another spelling": (labels("yes no", favorable=["YES"]), SPELLINGS[:1]),
    "the encoding": (table(b"a,b\n1,caf\xe9\n", encoding="utf-8"), ["data.csv: {encoding: cp1252}"]),
    "the delimiter": (
        table(b"a;b,c\n1;2,3\n4;5,6\n"),
        ['data.csv: {delimiter: ","}', 'data.csv: {delimiter: ";"}'],
    ),
    "a point among decimal commas": (
        table(b"x;y\n1.234;2,5\n", decimal=","),
        ['data.csv: {decimal: "."}'],
    ),
    "a decimal comma": (lambda _: numbers(pa.array(["1,5"]), "a", 1), ['data.csv: {decimal: ","}']),
    "nulls": (
        nulls("a", "marital-status", "b: c"),
        ["data.missing: {a: VALUE, marital-status: VALUE, 'b: c': VALUE}"],
    ),
    "nulls of one column": (nulls("AGE"), ["data.missing: {AGE: VALUE}"]),
    "what a score is": (lambda _: detect_head("auto", Operation("Mul", "m"), 1, THIRDS.T * 9), KINDS),
    "which of several labels": (
        lambda _: detect_head("auto", Operation("Sigmoid", "s"), 3, THIRDS * 2),
        ["model.output: {name: OUTPUT, column: NUMBER}"],
    ),
    "which column is the regression": (
        lambda _: detect_head("regression", Operation("MatMul", "m"), 3, None),
        ["model.output: {name: OUTPUT, column: 0, kind: regression}"],
    ),
    "a softmax as a regression": (
        lambda _: detect_head("regression", Operation("Softmax", "s"), 3, None),
        [],
    ),
    "fewer label values than scores": (ordered(3, "a", "b"), ["model.classes: ['a', 'b', VALUE]"]),
    "another order of the classes": (
        disagreeing("a", "b: c", "d"),
        ["model.classes: ['b: c', 'd', 'a']", "model.classes: ['a', 'b: c', 'd']"],
    ),
    "which signature": (
        signature("score", "true"),
        ["model.signature: score", "model.signature: 'true'"],
    ),
    "more label values than scores": (ordered(1, "a", "b", "c"), []),
    "more numbers than scores": (ordered(1, 1, 2, 3), [REGRESSION]),
    "more spellings than one score": (ordered(1, "a", "A", "b", **SPELLED), SPELLINGS),
    "more spellings than scores": (ordered(2, "a", "A", "b", **SPELLED), SPELLINGS),
    "a threshold of a regression": (
        lambda _: require_used_threshold(
            DataSpec.model_validate({"path": "p", "label": "l", "threshold": 0.7}), None
        ),
        ["data.favorable: {at_least: NUMBER}"],
    ),
    "which output": (
        lambda _: choose_output(None, {"risk": None, "true": None}, "model"),
        ["model.output: {name: risk}", "model.output: {name: 'true'}"],
    ),
    "operations that keep state": (
        lambda _: require_stateless(["Barrier", "Stack"], (), "model", "it runs"),
        ["model.allow_operations: [Barrier, Stack]"],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_a_message_names_is_offered(name: str, tmp_path: Path) -> None:
    fail, expected = CASES[name]
    with pytest.raises(AuditError) as raised:
        fail(tmp_path)
    choices = question_of(raised.value).choices
    assert list(map(str, choices)) == expected
    for choice in choices:
        assert choice.complete == (re.search(r"\b(VALUE|OUTPUT|NUMBER)\b", choice.value) is None)
        override({}, f"{choice.key}={choice.value}")  # raises nothing: it is YAML
