"""Test kit for authors of checks: a small real model with data, and conformance tests."""

import json
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from audit.check import Check, policy_from
from audit.frameworks.output_silencing import quiet
from audit.frameworks.tensorflow_loader import tensorflow
from audit.result import Evidence, Measurement, Note, Table, Unasked
from audit.stats import is_known
from audit.stats.influence import untraced
from audit.subject.loading import load_subject
from audit.subject.subject import Subject

ROWS = 400


def toy_subject(folder: Path) -> Subject:
    """Write a logistic model of two columns and a table with a protected group into ``folder``; load both."""
    tf = tensorflow()
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((2, ROWS))
    label = rng.random(ROWS) < 1 / (1 + np.exp(-2 * x - y))
    group = np.where(rng.random(ROWS) < 0.4, "a", "b")
    pd.DataFrame({"x": x, "y": y, "group": group, "label": label.astype(int)}).to_csv(
        folder / "data.csv", index=False
    )
    spec = tf.TensorSpec([None, 1], tf.float32)
    module = tf.Module()
    module.score = tf.function(lambda x, y: {"score": tf.sigmoid(2 * x + y)}, input_signature=[spec, spec])
    with quiet():
        tf.saved_model.save(module, str(folder / "model"), signatures={"serving_default": module.score})
    protected = {"group": {"privileged": "b"}}
    data = {"path": str(folder / "data.csv"), "label": "label", "protected": protected}
    policy = policy_from({"version": 1, "model": {"path": str(folder / "model")}, "data": data})
    return load_subject(policy, lambda *step: None)


def conforms(name: str, check: type[Check]) -> None:
    """Run the conformance tests on ``check``, installed under ``name``.

    Raises:
        AssertionError: the check breaks a guarantee that the runner, the gate or the report relies on.
    """
    assert check.summary.strip(), "'summary' is what 'audit checks' lists: it must say something"
    assert check.metrics, "'metrics' must name what 'measure' returns"
    for metric, facts in check.metrics.items():
        assert "." not in metric, f"{metric!r}: names in 'metrics' stand without the check's name in front"
        assert facts.about.strip(), f"{metric!r}: 'about' must say how to read it"
    built = check()  # every option has a default
    with tempfile.TemporaryDirectory() as folder:
        subject = toy_subject(Path(folder))
        evidence = _evidence(built, subject)
        repeated = _evidence(built, subject)
    assert repr(evidence) == repr(repeated), "the same subject must give the same measurements"
    measured = [item for item in evidence if not isinstance(item, Table | Note | Unasked)]
    keys = [(m.metric, json.dumps(m.where, sort_keys=True)) for m in measured]
    assert len(set(keys)) == len(keys), "a metric may be measured once only for each 'where'"
    for measurement in measured:
        _require_conforming(name, check, measurement)
    tables = [item for item in evidence if isinstance(item, Table)]
    names = [table.name for table in tables]
    assert len(set(names)) == len(names), f"a table's name may stand once only, found {names}"
    for table in tables:
        _require_readable(table)
    for note in evidence:
        assert not isinstance(note, Note) or note.text.strip(), "a note must say something"


def _evidence(check: Check, subject: Subject) -> list[Evidence]:
    """Measure; the constructor of an invalid table raises ValueError."""
    try:
        return untraced(check.measure(subject))
    except ValueError as error:
        raise AssertionError(f"'measure' raised ValueError: {error}") from error


def _require_readable(table: Table) -> None:
    assert table.name.strip() and table.about.strip(), f"table {table.name!r}: 'about' must say what it holds"
    assert table.columns, f"table {table.name!r}: no columns"
    for name, cells in table.columns.items():
        text = {isinstance(cell, str) for cell in cells if cell is not None}
        assert len(text) < 2, f"table {table.name!r}, column {name!r}: numbers or texts, not both"


def _require_conforming(name: str, check: type[Check], measurement: Measurement) -> None:
    full_name = measurement.metric
    prefix, _, metric = full_name.partition(".")
    assert prefix == name and metric in check.metrics, (
        f"{full_name!r} is not declared in 'metrics' of {name!r}"
    )
    value = measurement.value
    assert isinstance(value, float), f"{full_name}: the value must be a float, found {type(value)}"
    assert 0 <= measurement.rows <= measurement.n, f"{full_name}: rows"
    has_interval = measurement.ci is not None and measurement.ci[0] <= measurement.ci[1]
    assert is_known(measurement.method) or has_interval, (
        f"{full_name}: a method that is not known here needs an interval 'ci'"
    )
    facts = check.metrics[metric]
    if np.isfinite(value):
        assert facts.low is None or value >= facts.low, f"{full_name}: {value} lies below 'low'"
        assert facts.high is None or value <= facts.high, f"{full_name}: {value} lies above 'high'"
