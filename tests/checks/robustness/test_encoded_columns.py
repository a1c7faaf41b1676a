"""One-hot groups and whole numbers of few values in an audit: German Credit as ``pandas.get_dummies`` writes it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

import audit
from audit.check import load_policy
from audit.cli import main
from audit.errors import AuditError
from audit.result import CheckResult, Report

from ...audits import content, store
from ...models import save

NUMBERS = {1: "duration", 4: "amount", 7: "rate", 10: "residence", 12: "age", 15: "credits", 17: "dependents"}
TEXTS = {2: "history", 3: "purpose", 14: "housing", 19: "foreign"}
FEW = ["rate", "residence", "credits", "dependents"]


@pytest.fixture(scope="module")
def table(raw_data: Path) -> pd.DataFrame:
    raw = pd.read_csv(raw_data / "german" / "german.data", sep=" ", header=None)
    encoded = pd.get_dummies(raw[[*NUMBERS, *TEXTS]].rename(columns=NUMBERS | TEXTS), dtype=float)
    encoded[list(NUMBERS.values())] = encoded[list(NUMBERS.values())].astype(float)
    return encoded.assign(label=(raw[20] == 1).astype(int))


@pytest.fixture(scope="module")
def groups(table: pd.DataFrame) -> dict[str, list[str]]:
    return {name: [str(c) for c in table if str(c).startswith(f"{name}_")] for name in TEXTS.values()}


@pytest.fixture(scope="module")
def weights(table: pd.DataFrame) -> np.ndarray:
    """Weights of the columns in their own units, and the bias, fitted by scikit-learn."""
    features = table.drop(columns="label")
    scale = StandardScaler().fit(features)
    fitted = LogisticRegression().fit(scale.transform(features), table["label"])
    weight = fitted.coef_[0] / scale.scale_
    return np.append(weight, fitted.intercept_[0] - weight @ scale.mean_)


@pytest.fixture(scope="module")
def model(weights: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Path:
    import tensorflow as tf

    path = tmp_path_factory.mktemp("german") / "model"
    weight = tf.constant(weights[:-1, None], tf.float32)
    columns = len(weights) - 1
    save(
        path, lambda x: tf.sigmoid(tf.matmul(x, weight) + float(weights[-1])), x=([None, columns], tf.float32)
    )
    return path


def robustness(report: Report) -> CheckResult:
    return next(check for check in report.checks if check.name == "robustness")


def run(model: Path, table: pd.DataFrame, folder: Path, **options: Any) -> CheckResult:
    checks = {"explainability": False, "robustness": options}
    policy = {**content(model, store(table, folder)), "checks": checks, "report": {"rows": "shown"}}
    return robustness(audit.run(policy))


def columns_of(check: CheckResult) -> pd.DataFrame:
    (found,) = (pd.DataFrame(t.columns) for t in check.tables if t.name == "columns")
    return found.set_index("feature")


def flips_of(check: CheckResult) -> pd.DataFrame:
    (found,) = (pd.DataFrame(t.columns) for t in check.tables if t.name == "flips")
    return found


def rate(check: CheckResult, attack: str, eps: float) -> float:
    (found,) = (
        m.value for m in check.measurements
        if m.metric == "robustness.flip_rate" and m.where == {"attack": attack, "norm": "inf", "eps": eps}
    )  # fmt: skip
    return found


def decided(table: pd.DataFrame, weights: np.ndarray) -> np.ndarray:
    return np.asarray(table.drop(columns="label").to_numpy() @ weights[:-1] + weights[-1])


def reach(table: pd.DataFrame, weights: np.ndarray, eps: float, moved: list[list[str]]) -> np.ndarray:
    """Return how far each row's log-odds can come towards the other decision: a linear model's terms are apart."""
    features = table.drop(columns="label")
    weight = dict(zip(features, weights, strict=False))
    side = -np.sign(decided(table, weights))
    total = np.zeros(len(table))
    for name in NUMBERS.values():
        x, radius = features[name].to_numpy(), eps * features[name].std(ddof=0)
        low, high = np.maximum(x - radius, x.min()), np.minimum(x + radius, x.max())
        if name in FEW:
            low, high = np.ceil(low), np.floor(high)
        total += np.maximum(side * weight[name] * (low - x), side * weight[name] * (high - x))
    for group in moved:
        terms = np.array([weight[c] for c in group])
        total += (side[:, None] * (terms - features[group].to_numpy() @ terms[:, None])).max(1)
    return total


@pytest.mark.parametrize("moves", [False, True])
def test_flips_are_those_of_all_categories_and_whole_steps(
    model: Path,
    table: pd.DataFrame,
    weights: np.ndarray,
    groups: dict[str, list[str]],
    tmp_path: Path,
    moves: bool,
) -> None:
    move = ["purpose_A40", "housing_*"] if moves else []
    check = run(model, table, tmp_path, eps=[0.1, 1.2], move=move)
    moved = [groups["purpose"], groups["housing"]] if moves else []
    for eps in (0.1, 1.2):
        margin = np.abs(decided(table, weights))
        expected = reach(table, weights, eps, moved) > margin
        for attack in ("fgsm", "pgd", "worst"):
            assert rate(check, attack, eps) == pytest.approx(expected.mean(), abs=2 / len(table)), (
                attack,
                eps,
            )
        assert rate(check, "noise", eps) < rate(check, "worst", eps)
    found = columns_of(check)
    choices = [name for group in moved for name in group]
    far = [n for n in NUMBERS.values() if n not in FEW or 1.2 * table[n].std(ddof=0) >= 1]
    assert [n for n in FEW if n in far] == ["rate", "residence"]
    assert set(found.index[found["moved"]]) == {*far, *choices}
    assert set(found.loc[["credits", "dependents"], "why"]) == {
        "no other whole number is within the largest eps"
    }
    assert found.index[found["integer"]].tolist() == FEW
    assert set(found.loc[choices, "why"]) == ({"one choice of 10", "one choice of 3"} if moves else set())
    held = [name for name, group in groups.items() if group not in moved]
    for name in held:
        (reason,) = set(found.loc[groups[name], "why"])
        assert reason == f"one choice of {len(groups[name])} columns, unless move: [{groups[name][0]}]"
    said = " ".join(check.notes)
    assert (
        f"held still, {len(held)} groups" in said and "'rate', 'residence', 'credits', 'dependents'" in said
    )
    assert ("Moved as one choice, at every eps above 0" in said) == moves


def test_rows_in_the_report_are_rows_that_could_be(
    model: Path, table: pd.DataFrame, weights: np.ndarray, groups: dict[str, list[str]], tmp_path: Path
) -> None:
    check = run(model, table, tmp_path, eps=[0.1, 1.2], move=["purpose_A40", "housing_A151"])
    flips, features = flips_of(check), table.drop(columns="label")
    assert len(set(flips["case"])) == 6
    for _, lines in flips.groupby("case"):
        row = features.iloc[int(lines["row"].iloc[0]) - 1].copy()
        before = row.to_numpy() @ weights[:-1] + weights[-1]
        assert (row[lines["feature"]] == lines["before"].astype(float).to_numpy()).all()
        row[lines["feature"]] = lines["after"].astype(float).to_numpy()
        after = row.to_numpy() @ weights[:-1] + weights[-1]
        assert before * after <= 1e-4
        for group in groups.values():
            assert row[group].isin([0, 1]).all() and row[group].sum() == 1
        assert (row[FEW] % 1 == 0).all()
        of_choice = lines["feature"].str.contains("_")
        assert (
            lines.loc[of_choice, "deviations"].isna().all()
            and lines.loc[~of_choice, "deviations"].notna().all()
        )
    assert flips["feature"].str.startswith(("purpose_", "housing_")).any()


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ({"move": ["purpose_A400"]}, "'purpose_A400' (did you mean 'purpose_A40"),
        ({"move": ["duration"]}, "'duration'"),
        ({"move": ["purpose_A40"], "immutable": ["purpose_A41"]}, "of which 'purpose_A41' is immutable"),
    ],
)
def test_what_cannot_move_as_one_is_an_error(
    model: Path, table: pd.DataFrame, tmp_path: Path, options: dict[str, Any], found: str
) -> None:
    with pytest.raises(AuditError) as error:
        run(model, table, tmp_path, **options)
    assert "checks.robustness.move" in str(error.value) and found in str(error.value)


def test_immutable_groups_are_no_news(model: Path, table: pd.DataFrame, tmp_path: Path) -> None:
    check = run(model, table, tmp_path, immutable=["*_A*", *FEW], eps=[0.1], attacks=["fgsm"])
    assert not any("0/1 columns" in note or "whole" in note for note in check.notes)
    found = columns_of(check)
    assert set(found.loc[[c for c in found.index if "_A" in c], "why"]) == {"immutable"}
    assert not found["integer"].any()


def test_a_table_of_categories_alone_is_attacked_by_choice(tmp_path: Path) -> None:
    """Flags of a bool input are a group like others; every row near the threshold has another category."""
    import tensorflow as tf

    rng = np.random.default_rng(0)
    codes = rng.integers(0, 3, 200), rng.integers(0, 2, 200)
    names = ["a_x", "a_y", "a_z", "b_n", "b_y"]
    flags = np.concatenate([np.eye(3)[codes[0]], np.eye(2)[codes[1]]], axis=1).astype(bool)
    weight = np.array([-2.0, 0.5, 1.0, -0.4, 0.4], np.float32)

    def score(**given: Any) -> Any:
        parts = [tf.cast(given[name], tf.float32) for name in names]
        return tf.sigmoid(tf.add_n([w * part for w, part in zip(weight, parts, strict=True)]))

    module = tf.Module()
    specs = {name: tf.TensorSpec([None, 1], tf.bool, name=name) for name in names}
    module.call = tf.function(lambda **given: {"score": score(**given)})
    served = module.call.get_concrete_function(**specs)
    tf.saved_model.save(module, str(tmp_path / "m"), signatures={"serving_default": served})
    log_odds = flags @ weight
    frame = pd.DataFrame(flags, columns=names).assign(label=(log_odds > 0).astype(int))
    with_a = run(tmp_path / "m", frame, tmp_path, eps=[0.1], move=["a_y"])
    other = np.stack([log_odds - flags[:, :3] @ weight[:3] + w for w in weight[:3]], axis=1)
    expected = (np.sign(other) != np.sign(log_odds)[:, None]).any(1).mean()
    assert rate(with_a, "worst", 0.1) == pytest.approx(expected) and expected > 0
    held = run(tmp_path / "m", frame, tmp_path, eps=[0.1])
    assert held.status == "skipped" and "one choice of 3 columns, unless move: [a_x]: 'a_x'" in str(
        held.reason
    )


def joint_change(path: Path, penalty: float) -> Path:
    """Export a score whose sign ``a_x`` and ``b_x`` turn together; of ``penalty`` each, if alone, in its favour."""
    import tensorflow as tf

    def score(x: Any) -> Any:
        a, b = x[:, 1], x[:, 4]
        sign = tf.sign(x[:, 0])
        return tf.sigmoid(x[:, 0] + sign * (penalty * (a + b) - (4 * penalty + 20) * a * b))[:, None]

    save(path, score, x=([None, 7], tf.float32))
    return path


@pytest.mark.parametrize(
    ("penalty", "groups", "is_bound"), [(3.0, 2, True), (-30.0, 2, False), (3.0, 1, False)]
)
def test_categories_that_flip_together_only_are_doubted(
    penalty: float, groups: int, is_bound: bool, tmp_path: Path
) -> None:
    """Each row flips where both groups change, which a choice of one after the other misses if each resists."""
    rng = np.random.default_rng(0)
    flags = np.concatenate([np.eye(3)[rng.integers(0, 3, 600)] for _ in range(2)], axis=1)
    flags = flags[(flags[:, 0] * flags[:, 3]) == 0]  # in no row do both flip the sign already
    number = rng.choice([-1, 1], len(flags)) * rng.uniform(0.5, 2, len(flags))
    table = pd.DataFrame(flags, columns=["a_x", "a_y", "a_z", "b_x", "b_y", "b_z"])
    table.insert(0, "number", number)
    model = joint_change(tmp_path / "m", penalty)
    check = run(
        model, table.assign(label=(number > 0) * 1), tmp_path, eps=[0.1], move=["a_x", "b_x"][:groups]
    )
    accuracy = next(
        m for m in check.measurements
        if m.metric == "robustness.adversarial_accuracy" and m.where == {"attack": "worst", "norm": "inf", "eps": 0.1}
    )  # fmt: skip
    assert (accuracy.method == "clopper-pearson-upper") == is_bound
    validity = next(pd.DataFrame(t.columns) for t in check.tables if t.name == "validity")
    tested = validity["test"].str.contains("categories of background rows")
    assert tested.any() == (groups == 2)
    if groups == 2:
        assert (validity.loc[tested, "verdict"] == "in doubt").any() == is_bound


def test_init_writes_them_down_and_what_it_writes_works(
    model: Path,
    table: pd.DataFrame,
    groups: dict[str, list[str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    store(table, tmp_path, "table.csv")
    assert main(["init", str(model), "table.csv", "--label", "label", "--set", "gate.rules=[]"]) == 0
    text = Path("audit.yaml").read_text()
    assert all(
        f"- {group[0]}          # one choice of {', '.join(group)}" in text for group in groups.values()
    )
    assert f"or not at all: {', '.join(FEW)}" in text
    lines = text.splitlines()
    start = lines.index("# checks:")
    end = max(place for place, line in enumerate(lines) if "# one choice of" in line)
    lines[start : end + 1] = [line.removeprefix("# ") for line in lines[start : end + 1]]
    Path("audit.yaml").write_text("\n".join(lines))
    checks: Any = load_policy("audit.yaml").checks
    move = checks["robustness"]["move"]
    assert move == [group[0] for group in groups.values()]
    checks = {
        "explainability": False,
        "robustness": {"move": move},
    }
    report = audit.run({**content(model, tmp_path / "table.csv"), "checks": checks})
    assert columns_of(robustness(report)).loc["foreign_A201", "moved"]


def test_init_is_silent_about_numbers(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    columns = len(list(NUMBERS)) + 20
    frame = pd.DataFrame(rng.normal(size=(200, columns)), columns=[f"c{i}" for i in range(columns)])
    store(frame.assign(label=np.arange(200) % 2), tmp_path, "table.csv")
    main(["init", str(model), "table.csv", "--label", "label"])
    assert "robustness:" not in Path("audit.yaml").read_text()
