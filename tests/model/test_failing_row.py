"""A model that fails on a row: the row is found, and nothing that TensorFlow quotes of it leaves the audit."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

import audit
from audit.check import Check, MetricFacts
from audit.check.run import run_check
from audit.errors import AuditError
from audit.frameworks.op_errors import trace_without_values, without_values
from audit.model.failing_row import failing_row

from ..audits import content

SECRET = "secret4711"


class Checked(tf.Module):
    """Fails on ages of 100, on long names, on names that are no numbers, and on ages from 50 to 99.

    A value of ``CASES`` fails one operation only: TensorFlow orders two that do not depend on each other as it likes.
    """

    @tf.function(
        input_signature=[tf.TensorSpec([None], tf.float32, "age"), tf.TensorSpec([None], tf.string, "who")]
    )
    def serve(self, age: Any, who: Any) -> dict[str, Any]:
        tf.debugging.assert_less(age, 100.0, message="ages are below 100")
        tf.debugging.Assert(tf.reduce_all(tf.strings.length(who) < 9), ["names are short", who])
        number = tf.strings.to_number(who)
        row = tf.gather(tf.range(50.0), tf.cast(age, tf.int32) % 100)
        return {"p": tf.sigmoid(age / 100 + 0 * number + 0 * row)}


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("checked")
    module = Checked()
    tf.saved_model.save(module, str(folder), signatures=module.serve)
    return folder


CASES = {
    "an assertion of numbers": ("age", "217.25", "its assertion says 'ages are below 100'"),
    "an assertion that prints texts": ("who", "471147114711", "its assertion says 'names are short'"),
    "a text that is no number": ("who", "secret", "StringToNumber"),
    "an index out of range": ("age", "88.125", "GatherV2"),
}


def spoiled(folder: Path, column: str, value: str) -> Path:
    """Write 400 rows in two files, of which row 101 of the second one has ``value``."""
    random = np.random.default_rng(0)
    ages = random.integers(1, 49, 400).astype(str).astype(object)
    table = pd.DataFrame(
        {"age": ages, "who": [str(row % 90) for row in range(400)], "label": random.integers(0, 2, 400)}
    )
    table.loc[250, column] = value
    (folder / "data").mkdir()
    table[:150].to_csv(folder / "data" / "a.csv", index=False)
    table[150:].to_csv(folder / "data" / "b.csv", index=False)
    return folder / "data"


@pytest.mark.parametrize("case", CASES)
def test_the_row_is_named_and_not_quoted(checked: Path, tmp_path: Path, case: str) -> None:
    column, value, reason = CASES[case]
    data = spoiled(tmp_path, column, value)
    with pytest.raises(AuditError, match=rf"b\.csv: row 101: [^$]*{reason}") as caught:
        audit.run(content(checked, data))
    assert value not in str(caught.value) and value not in trace_without_values(caught.value)


def test_the_command_line_quotes_it_nowhere(checked: Path, tmp_path: Path) -> None:
    """As a process of its own, where TensorFlow would log the message as well."""
    data = spoiled(tmp_path, "who", SECRET)
    options = [
        "--model",
        str(checked),
        "--data",
        str(data),
        "--label",
        "label",
        "--out",
        str(tmp_path / "out"),
    ]
    command = [sys.executable, "-m", "audit", "run", *options, "--debug"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "b.csv: row 101: " in done.stderr
    assert SECRET not in done.stderr + done.stdout


@pytest.mark.parametrize("bad", [[], [0], [6], [3, 5], [0, 6], [1, 2, 3]])
@pytest.mark.parametrize("rows", [1, 2, 7])
def test_bisection_finds_the_first_row_that_fails(rows: int, bad: list[int]) -> None:
    def outputs(tensors: Any) -> Any:
        if any(row in bad for row in range(len(tensors["x"]))):
            raise tf.errors.InvalidArgumentError(None, None, SECRET)

    first = min((row for row in bad if row < rows), default=None)
    assert failing_row(outputs, {"x": tf.zeros(rows)}, rows) == first


class Failing(Check):
    summary: ClassVar[str] = "Fails as an operation of TensorFlow does"
    metrics: ClassVar[dict[str, MetricFacts]] = {"x": MetricFacts(about="x")}

    def measure(self, subject: Any) -> Iterator[Any]:
        try:
            tf.strings.to_number(tf.constant(["1", SECRET]))
        except tf.errors.OpError as error:
            raise (error if subject is None else RuntimeError("of a plug-in")) from error
        yield from ()


@pytest.mark.parametrize("subject", [None, "a cause"])
def test_a_check_that_crashes_quotes_no_row(subject: Any) -> None:
    crashes: list[str] = []
    result = run_check("failing", Failing(), subject, 0.95, lambda _, trace: crashes.append(trace)).result
    assert result.status == "crashed" and SECRET not in str(result.reason) + crashes[0]
    assert "InvalidArgumentError" in crashes[0] and "measure" in crashes[0]


def test_other_errors_keep_their_message() -> None:
    assert without_values(ValueError("why")) == "ValueError: why"
    assert "left out" in without_values(tf.errors.NotFoundError(None, None, SECRET))
