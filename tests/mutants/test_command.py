"""`audit selftest` on disk: table, exit codes, and what it leaves behind."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from ruamel.yaml import YAML

import audit
from audit.cli import main
from audit.cli.selftest import exit_code, summary_lines
from audit.errors import AuditError, ScoresRefused
from audit.mutants import run as module
from audit.mutants.export import make_mutant
from audit.mutants.result import MutantResult, Outcome, Selftest, rule_verdicts
from audit.result import RuleResult, RuleStatus

from ..cli.kit import message
from ..conftest import Models
from ..models import save
from .kit import content, expit, logits, workshop

Captured = pytest.CaptureFixture[str]
STRONG: list[dict[str, Any]] = [
    {"metric": "performance.auc", "at_least": 0.7, "at_most": 0.95},
    {"metric": "performance.selection_rate", "at_least": 0.6, "at_most": 0.9},
    {"metric": "fairness.disparate_impact", "where": {"attribute": "sex"}, "at_least": 0.8, "at_most": 1.25},
]
ATTACKED = {
    "metric": "robustness.adversarial_accuracy",
    "where": {"attack": "fgsm", "eps": 0.1},
    "at_least": 0.5,
}
VARIANTS = [
    "constant score", "flipped labels", "shifted group: sex=Female", "swapped favourable outcome", "leaked label",
    "masked gradients", "noise",
]  # fmt: skip


def applicants(count: int = 1200) -> pd.DataFrame:
    """Return rows of which most are favourable, so that the two outcomes can be told apart by their rate."""
    random = np.random.default_rng(0)
    frame = pd.DataFrame({"a": random.normal(2, 2, count), "b": random.normal(0, 2, count)})
    label = random.random(count) < expit(logits(frame, 1)[:, 0])
    return frame.assign(sex=random.choice(["Female", "Male"], count), label=label.astype(int))


@pytest.fixture(scope="module", autouse=True)
def first_save(tmp_path_factory: pytest.TempPathFactory) -> None:
    """TensorFlow's first save leaves a generated source among the temporary files until the process ends."""
    save(tmp_path_factory.mktemp("first") / "model", lambda x: x, x=([None, 1], tf.float32))


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for policy and data; temporary files go to ``temporary`` in it, and history would to ``history``."""
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    monkeypatch.setenv("AUDIT_HISTORY", str(tmp_path / "history"))
    return tmp_path


def write(folder: Path, model: Path, rules: list[dict[str, Any]], /, **more: Any) -> str:
    applicants().to_csv(folder / "table.csv", index=False)
    policy = folder / "audit.yaml"
    YAML().dump(content(model, Path("table.csv"), **{"gate": {"rules": rules}, **more}), policy)
    return str(policy)


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def test_a_weak_policy_is_told_what_it_misses(place: Path, model: Models, capsys: Captured) -> None:
    """With labels in words, an order of classes that is turned round is refused before any rule is asked."""
    weak = [{"metric": "performance.accuracy", "at_least": 0.01}]
    policy = write(place, model("sigmoid"), weak)
    table = applicants()
    table.assign(label=np.where(table["label"] == 1, "yes", "no")).to_csv(place / "table.csv", index=False)
    before, expected = files(place), [name for name in VARIANTS if name != "flipped labels"]
    assert main(["selftest", policy]) == 1
    out, err = capsys.readouterr()
    assert "MISSED: the policy would pass 6 of 7 broken variants" in out
    missed = [line.strip() for line in out.splitlines() if " is missed: " in line]
    assert [line.partition(" is missed: ")[0] for line in missed] == expected
    assert out.count("what would catch it: ") == len(expected)
    assert "flipped labels is refused by the audit: model.classes" in out
    assert [line for line in message(err).splitlines() if line.startswith("audit: ")] == [
        f"audit: {name} done" for name in ["candidate", *VARIANTS] if name != "flipped labels"
    ]
    assert files(place) == before  # neither reports, nor history, nor temporary files


@pytest.mark.parametrize(
    ("error", "where", "outcome"),
    [
        (ScoresRefused, "anywhere", "refused"),
        (AuditError, "model.classes", "not measured"),
        (AuditError, "model.output", "not measured"),
    ],
)
def test_the_kind_of_an_error_decides_and_not_its_text(
    place: Path,
    model: Models,
    monkeypatch: pytest.MonkeyPatch,
    error: type[AuditError],
    where: str,
    outcome: str,
) -> None:
    def fail(*_: Any) -> None:
        raise error(where=where, expected="scores", found="others")

    monkeypatch.setattr(module, "make_mutant", fail)
    result = audit.selftest(write(place, model("sigmoid"), STRONG[:1]))
    assert {tried.outcome for tried in result.variants} == {outcome}


def test_each_rule_catches_what_it_is_for(place: Path, model: Models, capsys: Captured) -> None:
    policy = write(place, model("sigmoid"), STRONG)
    assert main(["selftest", policy, "--json", "--quiet"]) == 1  # no rule asks for attacks
    out, err = capsys.readouterr()
    assert err == ""
    found = json.loads(out)
    assert set(found["candidate"].values()) == {"pass"}
    auc, rate, impact = found["candidate"]
    by = {tried["variant"]: tried["caught_by"] for tried in found["variants"]}
    wanted = [auc, auc, impact, rate, auc, None, auc]
    assert [rule in by[name] for name, rule in zip(VARIANTS, wanted, strict=True) if rule] == [True] * 6
    (missed,) = [tried for tried in found["variants"] if tried["outcome"] == "missed"]
    assert missed["variant"] == "masked gradients" and set(missed["rules"].values()) == {"pass"}


def test_masked_gradients_are_seen_through(place: Path, model: Models) -> None:
    """The attacks find as much behind the mask, by the logits below it."""
    checks = {"explainability": False, "robustness": {"attacks": ["fgsm"], "eps": [0.1], "queries": 10}}
    shop = workshop(model("sigmoid"), applicants(), place, checks=checks, gate={"rules": [ATTACKED]})
    own, masked = (
        audit.run(policy, only=["robustness"]) for policy in (shop.policy, shop.made("masked gradients"))
    )
    assert list(rule_verdicts(own, masked, masks=True).values()) == ["seen"]
    before, after = (report.rules[0].measurements[0].value for report in (own, masked))
    assert abs(after - before) < 0.05 and not masked.model.differentiable


def test_a_strong_policy_catches_all(place: Path, model: Models, capsys: Captured) -> None:
    """Of a regression without a favourable outcome, no group is shifted and nothing attacked."""
    rules = [{"metric": "performance.r2", "at_least": 0.5, "at_most": 0.95}]
    policy = write(place, model("logit"), rules, model={"output": "regression"})
    table = applicants()
    noise = np.random.default_rng(1).standard_normal(len(table))
    table.assign(label=logits(table, 1)[:, 0] + noise).to_csv(place / "table.csv", index=False)
    assert main(["selftest", policy]) == 0
    out = capsys.readouterr().out
    assert "CAUGHT: the policy passes none of 4 broken variants" in out
    assert sum(line.endswith("caught by 1") for line in out.splitlines()) == 4
    assert out.count("is left out: ") == 3


def test_data_that_get_no_column_leave_two_variants_out(place: Path, model: Models) -> None:
    """And equal trials give equal results, whatever the names of temporary files."""
    frame = applicants(300)
    a, b, label = (frame[name].to_numpy() for name in ("a", "b", "label"))
    np.savez(place / "table.npz", sex=frame["sex"].to_numpy(str), a=a, b=b, label=label)
    policy = content(model("sigmoid"), place / "table.npz", gate={"rules": STRONG[:1]})
    found = audit.selftest(policy)
    not_made = {tried.variant: tried.reason for tried in found.of("not made")}
    assert list(not_made) == ["shifted group: sex=Female", "leaked label"]
    assert all("neither CSV, Parquet" in reason for reason in not_made.values())
    assert audit.selftest(policy) == found


STATUSES: list[tuple[str, RuleStatus]] = [("first", "pass"), ("second", "fail")]


def test_the_table_says_what_each_rule_says(capsys: Captured) -> None:
    """A variant that breaks no rule and leaves one undecided is told apart: more rows might pass it."""
    one, two = (
        RuleResult(id=name, metric=name, where={}, limit={"at_least": 0.5}, status=status, reason="")
        for name, status in STATUSES
    )
    tried = [
        MutantResult(
            variant="a",
            about="",
            outcome="caught",
            caught_by=["first"],
            rules={"first": "fail", "second": "silent"},
        ),
        MutantResult(
            variant="b",
            about="",
            outcome="caught",
            caught_by=["first"],
            rules={"first": "open", "second": "silent"},
        ),
        MutantResult(variant="c", about="", outcome="not made", reason="no \x1b[31m column"),
    ]
    lines = summary_lines(Selftest(policy="", seed=0, candidate=[one, two], variants=tried))
    assert [line.split() for line in lines if line[:9].strip() in ("candidate", "a", "b", "c")] == [
        ["candidate", "pass", "FAIL"], ["a", "FAIL", "–", "caught", "by", "1"],
        ["b", "open", "–", "undecided", "by", "1"],
        ["c", "not", "made"],
    ]  # fmt: skip
    assert "CAUGHT: the policy passes none of 2 broken variants" in lines
    assert any(line.startswith("  b breaks no rule") for line in lines)
    assert "  c is not made: no ·[31m column" in lines


@pytest.mark.parametrize(
    ("name", "shown", "columns"),
    [
        ("shifted group: 性別=女性", "shifted group: 性別=女性", 24),
        ("shifted group: ❤️=👍🏽", "shifted group: ❤️=👍🏽", 20),
        ("shifted group: re\u0301gion=E\u0301ire", "shifted group: re\u0301gion=E\u0301ire", 26),
        ("shifted group: a\x1b[2J\u200d\tb", "shifted group: a·[2J··b", 23),
        ("shifted group: " + "中" * 40, "shifted group: " + "中" * 12 + "…", 40),
    ],
)
def test_the_table_is_aligned_whatever_the_names_are_made_of(name: str, shown: str, columns: int) -> None:
    """Columns are those of a terminal, as people count them: two for a Chinese letter, none for an accent."""
    rule = RuleResult(id="first", metric="m", where={}, limit={"at_least": 0.5}, status="pass", reason="")
    tried = [
        MutantResult(variant=name, about="", outcome="missed", rules={"first": "pass"}),
        MutantResult(variant="v", about="", outcome="missed", rules={"first": "pass"}),
    ]
    lines = summary_lines(Selftest(policy="", seed=0, candidate=[rule], variants=tried))
    assert f"{shown}  pass    MISSED" in lines
    assert "v" + " " * (columns + 1) + "pass    MISSED" in lines
    assert "candidate" + " " * (columns - 7) + "pass" in lines


def outcome(*outcomes: Outcome) -> Selftest:
    tried = [MutantResult(variant="v", about="", outcome=outcome) for outcome in outcomes]
    return Selftest(policy="", seed=0, candidate=[], variants=tried)


@pytest.mark.parametrize(
    ("outcomes", "code"),
    [
        (["caught", "refused", "left out"], 0),
        (["caught", "missed", "not made"], 1),
        (["caught", "not made"], 3),
        (["caught", "not measured"], 3),
    ],
)
def test_exit_codes(outcomes: list[Outcome], code: int) -> None:
    assert exit_code(outcome(*outcomes)) == code


def test_what_cannot_be_audited_is_2(place: Path, model: Models, capsys: Captured) -> None:
    policy = write(place, model("sigmoid"), [])
    assert main(["selftest", policy]) == 2
    assert "gate.rules" in capsys.readouterr().err
    assert main(["selftest", policy, "--set", "gate.rules=[{metric: performance.auc, at_least: 0.5}]",
                 "--set", f"model.path={place / 'none'}"]) == 2  # fmt: skip
    assert "no such file or directory" in capsys.readouterr().err
    assert main(["selftest", str(place / "none.yaml")]) == 2


def test_temporary_files_go_when_it_is_interrupted(
    place: Path, model: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make_mutant

    def interrupted(*given: Any) -> Any:
        made(*given)
        assert files(place / "temporary")
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "make_mutant", interrupted)
    assert main(["selftest", write(place, model("sigmoid"), STRONG[:1])]) == 130
    assert files(place / "temporary") == []
