"""A mistyped policy never loosens a gate: one message each, with file, line, key and what was meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from audit.check import load_policy
from audit.errors import AuditError

from .examples import FULL, LEAST, written


def refused(folder: Path, text: str | bytes) -> AuditError:
    with pytest.raises(AuditError) as error:
        load_policy(written(folder, text))
    return error.value


# what is mistyped in the full policy -> its key, and the key that was meant
UNKNOWN = [
    ("checks:\n", "cheks:\n", "cheks", "checks"),
    ("  signature:", "  signatur:", "model.signatur", "signature"),
    ("  output: auto", "  output: {kid: auto}", "model.output.kid", "kind"),
    ("  threshold:", "  treshold:", "data.treshold", "threshold"),
    (
        "sex: {privileged: Male}",
        "sex: {priviledged: Male}",
        "data.protected.sex.priviledged",
        "privileged",
    ),
    ('  favorable: ">50K"', "  favorable: {at_leest: 1}", "data.favorable.at_leest", "at_least"),
    ("  min_rows:", "  min_row:", "gate.min_row", "min_rows"),
    ("at_least: 0.80}", "at_lest: 0.80}", "gate.rules.0.at_lest", "at_least"),
    ('owner: "risk",', 'owned: "risk",', "waivers.1.owned", "owner"),
    ("  background:", "  backgrund:", "data.backgrund", "background"),
    ("  rows: shown", "  row: shown", "report.row", "rows"),
    ("    age: {bins:", "    age: {bin:", "data.protected.age.bin", "bins"),
]


@pytest.mark.parametrize(("right", "wrong", "key", "meant"), UNKNOWN, ids=lambda v: str(v)[:20])
def test_unknown_key(tmp_path: Path, right: str, wrong: str, key: str, meant: str) -> None:
    assert FULL.count(right) == 1
    line = FULL[: FULL.index(right)].count("\n") + 1
    error = refused(tmp_path, FULL.replace(right, wrong))
    assert error.where == f"{tmp_path / 'audit.yaml'}:{line}: {key}"
    assert f"did you mean {meant!r}?" in error.found
    assert meant in error.expected


CSV = [
    ("delimeter: ';'", "data.csv.delimeter", "did you mean 'delimiter'?"),
    ("delimiter: ''", "data.csv.delimiter", "at least 1 character"),
    ("delimiter: ';;'", "data.csv.delimiter", "at most 1 character"),
    ("delimiter: '§'", "data.csv.delimiter", "an ASCII character"),
    ('delimiter: "\\n"', "data.csv.delimiter", "no line break"),
    ("decimal: ';'", "data.csv.decimal", "'.' or ','"),
    ("encoding: utf-99", "data.csv.encoding", "no encoding that Python knows"),
    ("encoding: base64", "data.csv.encoding", "no encoding that Python knows"),
    ("quote: '\"\"'", "data.csv.quote", "at most 1 character"),
    ("skip_initial_space: 1", "data.csv.skip_initial_space", "boolean"),
]


@pytest.mark.parametrize(("entry", "key", "said"), CSV)
def test_mistakes_in_the_dialect_of_csv_files(tmp_path: Path, entry: str, key: str, said: str) -> None:
    error = refused(tmp_path, FULL.replace("  threshold: 0.5", f"  csv: {{{entry}}}\n  threshold: 0.5"))
    assert error.where.endswith(f": {key}") and said in str(error)


TYPES = [
    ("version: 1", "version: 2", "version", "1"),
    ("  signature: serving_default", "  signature: 3", "model.signature", "string"),
    ("  output: auto", "  output: softmax", "model.output", "'probabilities'"),
    ("  classes: [0, 1]", "  classes: [0]", "model.classes", "at least 2 items"),
    ("  classes: [0, 1]", "  classes: 2", "model.classes", "list"),
    ("threshold: 0.5", "threshold: 1.5", "data.threshold", "less than or equal to 1"),
    ("threshold: 0.5", 'threshold: "0.5"', "data.threshold", "number"),
    ("  weight: fnlwgt", "  weight: [fnlwgt]", "data.weight", "string"),
    ("  missing: {workclass", "  missing: {x: [1], workclass", "data.missing.x", "boolean or"),
    ("race: {privileged: [White]}", "race: {privileged: []}", "data.protected.race.privileged", "at least 1 item"),
    ("race: {privileged: [White]}", "race: White", "data.protected.race", "dictionary"),
    ("bins: [25, 60]", "bins: [60, 25]", "data.protected.age", "'bins' must rise"),
    ("bins: [25, 60]", "bins: [old]", "data.protected.age.bins.0", "number"),
    ('privileged: "25-60"', 'privileged: "25-61"', "data.protected.age", "must be among"),
    ("privileged: North}", "privileged: West}", "data.protected.region", "must be among"),
    ("[[sex, race]]", "[[sex]]", "data.intersections.0", "at least 2 items"),
    ("[[sex, race]]", "[[sex, sx]]", "data", "'sx', which 'protected' does not define"),
    ("[[sex, race]]", "[[sex, sex]]", "data", "twice"),
    ("confidence: 0.95", "confidence: 95", "gate.confidence", "less than 1"),
    ("confidence: 0.95", "confidence: 0.3", "gate.confidence", "0.5"),
    ("min_rows: 200", "min_rows: -1", "gate.min_rows", "greater than or equal to 0"),
    ("min_rows: 200", "min_rows: 20.5", "gate.min_rows", "integer"),
    ("min_rows: 200", "min_rows: true", "gate.min_rows", "integer"),
    ("at_least: 0.80}", 'at_least: "0.8"}', "gate.rules.0.at_least", "number"),
    ("at_least: 0.80}", "at_least: .nan}", "gate.rules.0.at_least", "finite"),
    ("at_least: 0.80}", "at_least: .inf}", "gate.rules.0.at_least", "finite"),
    (", at_least: 0.80}", "}", "gate.rules.0", "a rule needs a limit"),
    ("at_most: 1.25}", "at_most: 0.7}", "gate.rules.1", "no value can hold"),
    ("within: 0.1}", "within: -0.1}", "gate.rules.2.within", "greater than or equal to 0"),
    ("covers: [fail]", "covers: [pass]", "waivers.0.covers.0", "'fail' or 'inconclusive'"),
    ("covers: [fail]", "covers: []", "waivers.0.covers", "at least 1 item"),
    ("covers: [fail]", "covers: fail", "waivers.0.covers", "list"),
    ("expires: 2027-01-31", "expires: soon", "waivers.0.expires", "a date such as 2027-01-31"),
    ("expires: 2027-01-31", "expires: 1801353600", "waivers.0.expires", "date"),
    ("expires: 2027-01-31", "expires: 20270131", "waivers.0.expires", "date"),
    ("expires: 2027-01-31", 'expires: "20270131"', "waivers.0.expires", "a date such as 2027-01-31"),
    ("expires: 2027-01-31", "expires: 2027-W04-7", "waivers.0.expires", "a date such as 2027-01-31"),
    ("expires: 2027-01-31", "expires: 2027-01-31T12:00:00", "waivers.0.expires", "date"),
    ("expires: 2027-01-31", "expires: 2027-02-31", "waivers.0.expires", "a date such as 2027-01-31"),
    ("expires: 2027-01-31", "expires: .inf", "waivers.0.expires", "date"),
    ("expires: 2027-01-31", "expires: true", "waivers.0.expires", "date"),
    ('reason: "known since May"', 'reason: ""', "waivers.0.reason", "a text that says something"),
    ('reason: "known since May"', 'reason: "  "', "waivers.0.reason", "a text that says something"),
    ('owner: "risk@example.com"', 'owner: "\\t"', "waivers.0.owner", "a text that says something"),
    ("  background: data/train.parquet", "  background: [a, b]", "data.background", "string"),
    ("  background: data/train.parquet", '  background: ""', "data.background", "at least 1 character"),
    ("  rows: shown", "  rows: hidden", "report.rows", "'shown', 'masked' or 'none'"),
    ("  rows: shown", "  rows: false", "report.rows", "'none'"),
    ("  rows: shown", "  rows: null", "report.rows", "'none'"),
    ("  performance: {}", "  performance: 3", "checks.performance", "dictionary"),
]  # fmt: skip


@pytest.mark.parametrize(("right", "wrong", "key", "expected"), TYPES, ids=lambda v: str(v)[:25])
def test_wrong_type_or_value(tmp_path: Path, right: str, wrong: str, key: str, expected: str) -> None:
    assert right in FULL
    error = refused(tmp_path, FULL.replace(right, wrong, 1))
    file, line, found = error.where.split(":", 2)
    assert (file, found.strip()) == (str(tmp_path / "audit.yaml"), key)
    assert line.isdecimal()
    assert expected in error.expected


MISSING = [
    ("version: 1\n", "version"),
    ("  label: income\n", "data.label"),
    ('owner: "risk", ', "waivers.1.owner"),
    ("  path: models/income/3\n", "model.path"),
    ("metric: performance.accuracy, ", "gate.rules.0.metric"),
]


@pytest.mark.parametrize(("part", "key"), MISSING)
def test_missing_key(tmp_path: Path, part: str, key: str) -> None:
    error = refused(tmp_path, FULL.replace(part, "", 1))
    assert (error.expected, error.found) == (f"the key {key!r}", "it is missing")


NOT_A_POLICY: list[tuple[str | bytes, str, str]] = [
    ("", "", "an empty file"),
    ("# nothing but a comment\n", "", "an empty file"),
    ("- version: 1\n", "", "a list"),
    ("version\n", "", "a str"),
    (LEAST + "model: {path: other}\n", ":4", "duplicate key"),
    (LEAST.replace("label: income", "label: income, label: other"), ":3", "duplicate key"),
    ("model: {path: m\ndata: [", ":2", "expected"),
    ("model:\n\t- m\n", ":2", "cannot start any token"),
    (LEAST + "---\n" + LEAST, ":4", "another document"),
    (LEAST + "other: *unknown\n", ":4", "undefined alias"),
    ("!!python/object/apply:os.getcwd []\n", ":1", "could not determine a constructor"),
    (LEAST + "other: \x00\n", "", "unacceptable character"),
    (LEAST.encode() + b"# caf\xe9\n", "", "is not"),
    (LEAST.encode("utf-16"), "", "byte 0 is not"),
    # what YAML's own constructors refuse with no error of YAML
    (LEAST.replace("version: 1", "version: !!int one"), "", "invalid literal"),
    ("version: " + "[" * 1000 + "]" * 1000, "", "recursion"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "line", "found"), NOT_A_POLICY, ids=lambda v: repr(v)[:25])
def test_not_a_policy_at_all(tmp_path: Path, text: str | bytes, line: str, found: str) -> None:
    error = refused(tmp_path, text)
    assert error.where == f"{tmp_path / 'audit.yaml'}{line}"
    assert found in error.found
    assert len(str(error)) < 600


def test_an_unknown_key_comes_before_what_it_causes(tmp_path: Path) -> None:
    """'lable' is why 'label' is missing: that is the message."""
    error = refused(tmp_path, LEAST.replace("label", "lable"))
    assert "did you mean 'label'?" in error.found


def test_a_long_value_is_cut(tmp_path: Path) -> None:
    assert len(refused(tmp_path, FULL.replace("threshold: 0.5", "threshold: " + "x" * 4000)).found) == 200
