"""Decisions under another protected group, beside a SavedModel that is called by hand on edited tables."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import beta

import audit
from audit.check import policy_from
from audit.checks.explainability import counterfactual_evidence as module_of_evidence
from audit.checks.explainability.counterfactual_evidence import counterfactual_evidence
from audit.checks.explainability.counterfactual_flips import planned_changes
from audit.checks.explainability.protected_columns import protected_columns
from audit.errors import MachineFault
from audit.result import Measurement, Note
from audit.stats import interval
from audit.stats.influence import untraced
from audit.subject.preview import preview
from audit.subject.subject import Subject

from ... import adult
from ...audits import content, store
from ...conftest import Models
from ...models import save
from ..kit import Found, effective_rows, measure, subject_of

RATE = "counterfactual_flip_rate"
ROWS = 400
QUICK = {"rows": 20, "references": 4}
PROTECTED: dict[str, Any] = {
    "gender-id": {"privileged": "Male"},
    "age": {"bins": [25, 60], "privileged": "25-60"},
    "region": {"columns": {"North": "is_north", "South": "is_south"}, "privileged": "North"},
}
SPEC = {"inputs": {"north": ["is_north"], "south": ["is_south"]}}


def people(seed: int = 0) -> pd.DataFrame:
    """Return rows with spelled variants of a gender, whole ages, a one-hot region, and outcomes in words."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"age": rng.integers(18, 80, ROWS), "hours": rng.normal(0, 2, ROWS).round(2)})
    frame["gender-id"] = rng.choice(["Male", "male ", "Female"], ROWS, p=[0.5, 0.1, 0.4])
    region = rng.integers(0, 3, ROWS)
    frame["is_north"], frame["is_south"] = (region == 0) * 1, (region == 1) * 1
    frame["w"], frame["who"] = rng.integers(0, 4, ROWS), np.arange(ROWS) // 4
    return frame.assign(label=rng.choice(["refused", "approved"], ROWS))


def logit(path: Path) -> Path:
    """Export P(refused) of a known logit, which knows one spelling of a gender and takes whole ages."""
    import tensorflow as tf

    def score(age: Any, hours: Any, gender_id: Any, north: Any, south: Any) -> Any:
        value = 0.05 * (tf.cast(age, tf.float32) - 45.0) + hours + 0.8 * north - 0.6 * south
        return tf.sigmoid(value + tf.where(gender_id == "Male", 0.7, -0.2))

    number, text = ([None, 1], tf.float32), ([None, 1], tf.string)
    save(path, score, age=([None, 1], tf.int64), hours=number, gender_id=text, north=number, south=number)
    return path


def approved(model: Path, frame: pd.DataFrame) -> np.ndarray:
    """Return the decisions of the exported model, called by hand; 'approved' is the first class of one sigmoid."""
    import tensorflow as tf

    signature = (loaded := tf.saved_model.load(str(model))).signatures["serving_default"]
    column = {
        name: tf.constant(frame[name.replace("_", "-") if name == "gender_id" else name].to_numpy()[:, None])
        for name in ("age", "gender_id")
    }
    numbers = {"hours": "hours", "north": "is_north", "south": "is_south"}
    column |= {name: tf.constant(frame[c].to_numpy(np.float32)[:, None]) for name, c in numbers.items()}
    (scores,) = signature(**column).values()
    del loaded
    return np.asarray(scores)[:, 0] <= 0.5


def edited(frame: pd.DataFrame) -> dict[str, dict[str, pd.DataFrame]]:
    """Return the table with everybody in another group, by attribute and group; own spellings and ages stay."""
    gender = frame["gender-id"].str.strip().str.lower()
    changed: dict[str, dict[str, pd.DataFrame]] = {"gender-id": {}, "age": {}, "region": {}}
    for name, raw in {"male": "Male", "female": "Female"}.items():
        changed["gender-id"][name] = frame.assign(
            **{"gender-id": np.where(gender == name, frame["gender-id"], raw)}
        )
    bins = pd.cut(frame["age"], [0, 25, 60, 99], right=False, labels=["<25", "25-60", ">=60"])
    for name in bins.cat.categories:
        inside = np.sort(frame["age"][bins == name])
        middle = inside[(len(inside) - 1) // 2]
        changed["age"][name] = frame.assign(age=np.where(bins == name, frame["age"], middle))
    for name, flags in {"North": (1, 0), "South": (0, 1), "(missing)": (0, 0)}.items():
        changed["region"][name] = frame.assign(is_north=flags[0], is_south=flags[1])
    return changed


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return logit(tmp_path_factory.mktemp("logit") / "model")


def subject(model: Path, folder: Path, frame: pd.DataFrame, **given: Any) -> Subject:
    options = {
        "spec": SPEC,
        "protected": PROTECTED,
        "values": {"gender-id": "folded"},
        "favorable": "approved",
    }
    privileged = {"gender-id": {"privileged": "male"}}
    options["protected"] = {**PROTECTED, **privileged}
    return subject_of(model, frame, frame[:50], folder, **{**options, **given})


@pytest.fixture(scope="module")
def found(exported: Path, tmp_path_factory: pytest.TempPathFactory) -> Found:
    sets = [["gender-id", "age"]]
    audited = subject(exported, tmp_path_factory.mktemp("logit"), people(), intersections=sets)
    return measure("explainability", audited, **QUICK)


@pytest.fixture(scope="module")
def flips(exported: Path) -> dict[str, dict[str, np.ndarray]]:
    """Which decisions change by hand, by attribute and group."""
    frame = people()
    before = approved(exported, frame)
    tables = edited(frame)
    return {a: {g: approved(exported, table) != before for g, table in t.items()} for a, t in tables.items()}


def test_rates_are_those_of_the_model_called_on_edited_tables(
    found: Found, flips: Mapping[str, Mapping[str, np.ndarray]]
) -> None:
    for name, by_group in flips.items():
        events = np.any(list(by_group.values()), axis=0)
        m = found.one(RATE, attribute=name)
        assert m.value == pytest.approx(events.mean()) and 0.02 < events.mean() < 0.5
        assert m.counts == {"rate": [events.sum(), ROWS]} and m.n == ROWS and m.method == "clopper-pearson"


def test_the_table_has_each_pair_of_groups_and_both_directions(
    found: Found, exported: Path, flips: Mapping[str, Mapping[str, np.ndarray]]
) -> None:
    frame, table = people(), found.tables["counterfactual"]
    before = approved(exported, frame)
    own = {
        "gender-id": frame["gender-id"].str.strip().str.lower(),
        "age": pd.cut(frame["age"], [0, 25, 60, 99], right=False, labels=["<25", "25-60", ">=60"]).astype(
            str
        ),
        "region": np.select(
            [frame["is_north"] == 1, frame["is_south"] == 1], ["North", "South"], "(missing)"
        ),
    }
    part = table[table["attribute"].isin(own)]
    assert len(part) == 2 + 6 + 6
    for line in part.to_dict("records"):
        inside = np.asarray(own[line["attribute"]] == line["from"])
        flipped = flips[line["attribute"]][line["to"]] & inside
        assert (line["rows"], line["flips"]) == (inside.sum(), flipped.sum())
        assert line["share"] == pytest.approx(flipped.sum() / inside.sum())
        lost = (flipped & before).sum()
        assert (line["to_unfavorable"], line["to_favorable"]) == (lost, flipped.sum() - lost)


def test_an_intersection_changes_the_attributes_that_differ_and_no_other(
    found: Found, exported: Path
) -> None:
    """From Female*25-60 to male*25-60 the age stays what it is; both change where both differ."""
    frame, changed = people(), edited(people())
    before = approved(exported, frame)
    events = np.zeros(ROWS, bool)
    for gender in changed["gender-id"].values():
        for age in changed["age"].values():
            events |= approved(exported, gender.assign(age=age["age"])) != before
    assert found.one(RATE, attribute="gender-id*age").counts["rate"] == [events.sum(), ROWS]
    table = found.tables["counterfactual"]
    women = (frame["gender-id"] == "Female") & frame["age"].between(25, 59)
    pair = table[(table["from"] == "female*25-60") & (table["to"] == "male*25-60")]
    assert pair["flips"].tolist() == [
        (women & (approved(exported, changed["gender-id"]["male"]) != before)).sum()
    ]


def sex_model(path: Path, slope: float, bias: float = 0.0, classes: int = 1) -> Path:
    """Export scores of sex and a number; of several classes, logits that follow them."""
    import tensorflow as tf

    def score(sex: Any, a: Any) -> Any:
        value = slope * tf.where(sex == "Male", 1.0, -1.0) + bias * a
        return tf.sigmoid(value) if classes == 1 else tf.nn.softmax(tf.concat([value, -value, 0 * a], 1))

    save(path, score, sex=([None, 1], tf.string), a=([None, 1], tf.float32))
    return path


def sexes(**columns: Any) -> pd.DataFrame:
    rng = np.random.default_rng(3)
    frame = pd.DataFrame({"sex": rng.choice(["Female", "Male"], ROWS), "a": rng.normal(size=ROWS)})
    return frame.assign(**{"label": rng.integers(0, 2, ROWS), **columns})


SEX = {"protected": {"sex": {"privileged": "Male"}}, "spec": {}}


def rate(model: Path, frame: pd.DataFrame, folder: Path, **given: Any) -> Measurement:
    audited = subject_of(model, frame, frame[:30], folder, **{**SEX, **given})
    return measure("explainability", audited, **QUICK).one(RATE, attribute="sex")


def test_what_reads_sex_alone_turns_every_decision_and_what_ignores_it_none(tmp_path: Path) -> None:
    assert rate(sex_model(tmp_path / "all", 2.0), sexes(), tmp_path / "a").value == 1
    none = rate(sex_model(tmp_path / "none", 0.0, bias=1.0), sexes(), tmp_path / "n")
    assert none.value == 0 and none.permuted_range is None
    assert interval(none, 0.95) == pytest.approx((0, beta.ppf(0.975, 1, ROWS)))


def test_a_model_that_decides_all_alike_could_not_have_failed(tmp_path: Path) -> None:
    """Its sex moves the score, and everybody is refused whatever it is."""
    m = rate(sex_model(tmp_path / "m", 0.1), sexes(), tmp_path / "d", threshold=0.9)
    assert m.value == 0 and m.permuted_range == (0, 0)


def test_of_several_classes_it_is_whether_a_favorable_one_is_predicted(tmp_path: Path) -> None:
    """Sex decides between two of three classes; if both are favourable, nothing changes."""
    model = sex_model(tmp_path / "m", 2.0, classes=3)
    frame = sexes(label=np.arange(ROWS) % 3)
    assert rate(model, frame, tmp_path / "d", favorable=0).value == 1
    assert rate(model, frame, tmp_path / "f", favorable=[0, 1]).value == 0


def test_a_regression_has_decisions_only_with_a_favorable_number(tmp_path: Path) -> None:
    import tensorflow as tf

    save(
        tmp_path / "m", lambda sex, a: a + tf.where(sex == "Male", 1.0, 0.0),
        sex=([None, 1], tf.string), a=([None, 1], tf.float32),
    )  # fmt: skip
    frame = sexes()
    frame["label"] = frame["a"]
    spec = {"output": "regression"}
    m = rate(tmp_path / "m", frame, tmp_path / "d", spec=spec, favorable={"at_least": 0.5})
    assert m.counts["rate"][0] == ((frame["a"] >= -0.5) & (frame["a"] < 0.5)).sum()
    audited = subject_of(tmp_path / "m", frame, frame[:30], tmp_path / "r", **{**SEX, "spec": spec})
    without = measure("explainability", audited, **QUICK)
    assert RATE not in {m.metric.partition(".")[2] for m in without.measurements}
    assert any("a regression needs data.favorable" in note for note in without.notes)


def test_weights_and_clusters_are_respected(exported: Path, tmp_path: Path, flips: Any) -> None:
    frame = people()
    weighted = measure("explainability", subject(exported, tmp_path / "w", frame, weight="w"), **QUICK)
    events = np.any(list(flips["region"].values()), axis=0)
    m = weighted.one(RATE, attribute="region")
    assert m.value == pytest.approx(np.average(events, weights=frame["w"]))
    assert m.counts["rate"][1] == pytest.approx(effective_rows(events, frame["w"].to_numpy(float)))
    clustered = measure("explainability", subject(exported, tmp_path / "c", frame, cluster="who"), **QUICK)
    of_clusters = clustered.one(RATE, attribute="region")
    assert of_clusters.value == pytest.approx(events.mean()) and of_clusters.counts["rate"][1] < ROWS


def test_of_a_budget_fewer_rows_are_rescored_and_a_note_says_so(exported: Path, tmp_path: Path) -> None:
    audited = subject(exported, tmp_path / "d", people())
    changes = 1 + 1 + 2 + 2
    budget = 10 * 37.5 * changes * audited.multiply_adds
    short = measure("explainability", audited, budget=budget, **QUICK)
    m = short.one(RATE, attribute="age")
    assert m.n == 37
    assert "Decisions under a changed protected attribute were computed for 37 of 400 rows." in short.notes


def test_a_plan_counts_every_other_group_of_every_row_as_far_as_the_budget_goes(
    exported: Path, tmp_path: Path
) -> None:
    given: dict[str, Any] = {"protected": PROTECTED, "intersections": [["age", "region"]]}
    size = preview(policy_from(content(exported, store(people(), tmp_path), spec=SPEC, **given)))
    assert size.other_groups == 2 + 2 + 2 + 8  # three spellings of a gender
    assert planned_changes(size, 1e9) == ROWS * (1 + size.other_groups)
    assert planned_changes(size, 100.0) == 10


def test_a_rule_on_an_attribute_that_is_not_read_is_open_and_says_why(exported: Path, tmp_path: Path) -> None:
    frame = people().assign(faith=np.random.default_rng(1).choice(["None", "Some"], ROWS))
    faith = {"faith": {"privileged": "None"}, "age": PROTECTED["age"]}
    given: dict[str, Any] = {"protected": faith, "intersections": [["faith", "age"]], "favorable": "approved"}
    policy = content(exported, store(frame, tmp_path), spec=SPEC, **given)
    policy["checks"]["explainability"] = QUICK
    rules = [{"metric": f"explainability.{RATE}", "where": {"attribute": a}, "at_most": 0.9} for a in faith]
    report = audit.run({**policy, "gate": {"rules": rules}})
    unread, read = report.rules
    assert unread.status == "inconclusive" and not unread.measurements
    assert "counterfactual_flip_rate has no value to change" in unread.reason
    assert read.status == "pass"
    (check,) = (check for check in report.checks if check.name == "explainability")
    rates = {m.where["attribute"]: m.value for m in check.measurements if m.metric.endswith(RATE)}
    assert list(rates) == ["age", "faith*age"] and rates["age"] == rates["faith*age"]


def test_a_model_that_fails_on_changed_rows_leaves_its_other_attributes_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its scores are infinite for men below 0, of whom the data have none; a lack of memory is no such failure."""
    import tensorflow as tf

    def score(sex: Any, a: Any, group: Any) -> Any:
        infinite = (sex == "Male") & (a < 0.0)
        return tf.sigmoid(tf.where(infinite, np.nan, a) + tf.where(group == "x", 0.2, -0.2))

    number, text = ([None, 1], tf.float32), ([None, 1], tf.string)
    save(tmp_path / "m", score, sex=text, a=number, group=text)
    frame = sexes(group=np.random.default_rng(5).choice(["x", "y"], ROWS))
    frame["a"] = np.where(frame["sex"] == "Male", frame["a"].abs(), frame["a"])
    protected = {"sex": {"privileged": "Male"}, "group": {"privileged": "x"}}
    audited = subject_of(tmp_path / "m", frame, frame[:30], tmp_path / "d", protected=protected, spec={})
    evidence = untraced(counterfactual_evidence(audited, protected_columns(audited), 1e9))
    rates = {m.where["attribute"] for m in evidence if isinstance(m, Measurement)}
    assert rates == {"group"}
    (note,) = (item for item in evidence if isinstance(item, Note))
    assert note.about == {"attribute": ["sex"]} and "NaN or infinity" in note.text

    def out_of_memory(*_: Any) -> None:
        raise MachineFault(where="memory", expected="enough", found="too little")

    monkeypatch.setattr(module_of_evidence, "compute_flips", out_of_memory)
    with pytest.raises(MachineFault):
        untraced(counterfactual_evidence(audited, protected_columns(audited), 1e9))


def test_of_a_serialized_example_the_feature_is_changed_and_left_out_where_it_is_missing(
    tmp_path: Path,
) -> None:
    """A null leaves the feature out, which the parser's default then stands for: it is a group of its own."""
    import tensorflow as tf

    features = {
        "sex": tf.io.FixedLenFeature([], tf.string, default_value="?"),
        "a": tf.io.FixedLenFeature([], tf.float32),
    }

    def score(examples: Any) -> Any:
        parsed = tf.io.parse_example(examples, features)
        effect = tf.where(parsed["sex"] == "Male", 0.7, tf.where(parsed["sex"] == "?", -0.4, 0.0))
        return tf.sigmoid(parsed["a"] + effect)[:, None]

    save(tmp_path / "m", score, examples=([None], tf.string))
    frame = sexes()
    frame.loc[::7, "sex"] = None
    given = {**SEX, "spec": {"output": "probabilities"}, "missing": {"sex": {"absent": True}}}
    m = rate(tmp_path / "m", frame, tmp_path / "d", **given)
    own = frame["sex"].map({"Male": 0.7, "Female": 0.0}).fillna(-0.4)
    decided = [frame["a"] + effect >= 0 for effect in (own, 0.7, 0.0, -0.4)]
    turned = np.any([after != decided[0] for after in decided[1:]], axis=0)
    assert m.counts["rate"] == [turned.sum(), ROWS] and turned.sum() > 50


def test_a_baseline_is_compared_row_by_row(tmp_path: Path) -> None:
    """Half of the decisions of one turn, all of the other's: the discordant rows are those by hand."""
    frame = sexes()
    candidate, baseline = sex_model(tmp_path / "c", 1.0, bias=1.5), sex_model(tmp_path / "b", 3.0)
    policy = content(
        candidate, store(frame, tmp_path), spec={"baseline": str(baseline)}, protected=SEX["protected"]
    )
    policy["checks"]["explainability"] = QUICK
    rule = {"metric": f"explainability.{RATE}", "better_than_baseline_by": 0.1, "where": {"attribute": "sex"}}
    (decided,) = audit.run({**policy, "gate": {"rules": [rule]}}).rules
    (m,) = decided.measurements
    turned = int((frame["a"].astype(np.float32).abs() < 1 / 1.5).sum())
    assert decided.status == "pass" and m.baseline is not None and m.baseline.value == 1
    assert m.counts["rate"] == [turned, ROWS] and m.baseline.discordant == {"rate": [0, ROWS - turned, ROWS]}


def test_adult_by_hand(model: Models, raw_data: Path, tmp_path: Path) -> None:
    """The published test rows: names that the exporter sanitized, bins, and race, which the model does not read."""
    import tensorflow as tf

    frame = adult.read(raw_data / "adult" / "adult.test")
    loaded = tf.saved_model.load(str(model("adult")))
    signature = loaded.signatures["serving_default"]
    specs = signature.structured_input_signature[1]

    def decided(table: pd.DataFrame) -> np.ndarray:
        columns = {name: table[name.replace("_", "-")].to_numpy()[:, None] for name in specs}
        (scores,) = signature(**{n: tf.constant(c, specs[n].dtype) for n, c in columns.items()}).values()
        return np.asarray(scores)[:, 0] >= 0.5

    before = decided(frame)
    turned = np.any([decided(frame.assign(sex=sex)) != before for sex in ("Female", "Male")], axis=0)
    content_ = adult.policy(model("adult"), store(frame, tmp_path))
    content_["checks"] = {
        "fairness": False,
        "robustness": False,
        "performance": False,
        "explainability": QUICK,
    }
    content_["gate"] = {"rules": []}
    report = audit.run(content_)
    rates = {
        m.where["attribute"]: m for c in report.checks for m in c.measurements if m.metric.endswith(RATE)
    }
    assert rates["sex"].counts["rate"] == [turned.sum(), len(frame)] and turned.sum() > 100
    assert list(rates) == ["sex", "age", "sex*race", "race*age"]
    assert rates["sex*race"].value == rates["sex"].value and rates["race*age"].value == rates["age"].value
