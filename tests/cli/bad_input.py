"""Everything that can be wrong with model, policy or usage: how to make it, and what the message must name."""

from __future__ import annotations

from collections.abc import Callable

from .kit import Kit

Spoil = Callable[[Kit], object]


def shorten(kit: Kit, pattern: str, keep: float) -> None:
    (file,) = kit.model.glob(pattern)
    content = file.read_bytes()
    file.write_bytes(content[: int(len(content) * keep)])


def remove(kit: Kit, pattern: str) -> None:
    for file in kit.model.glob(pattern):
        file.unlink()


def policy_file(kit: Kit, content: bytes) -> None:
    (kit.folder / "audit.yaml").write_bytes(content)


def waiver(kit: Kit, **given: object) -> None:
    kit.policy["waivers"] = [
        {"rule": "performance.accuracy", "reason": "r", "owner": "o", "expires": "2030-01-01", **given}
    ]


def rule(kit: Kit, **given: object) -> None:
    kit.policy["gate"]["rules"].append(given)


MODEL: dict[str, tuple[Spoil, list[str]]] = {
    "no such model": (
        lambda k: k.policy["model"].update(path="nowhere"),
        ["nowhere", "no such file or directory"],
    ),
    "an empty directory": (
        lambda k: remove(k, "*.pb"),
        ["a SavedModel directory", "saved_model.pb", "variables"],
    ),
    "saved_model.pb itself": (
        lambda k: k.policy["model"].update(path="model/saved_model.pb"),
        ["*.pb", "directory"],
    ),
    "a truncated saved_model.pb": (
        lambda k: shorten(k, "saved_model.pb", 0.5),
        ["saved_model.pb", "cut short"],
    ),
    "an empty saved_model.pb": (lambda k: shorten(k, "saved_model.pb", 0), ["saved_model.pb", "0 bytes"]),
    "missing variables": (
        lambda k: remove(k, "variables/*"),
        ["variables", "all variables that the graph reads"],
    ),
    "missing variables index": (
        lambda k: remove(k, "variables/*.index"),
        ["all variables that the graph reads"],
    ),
    "shortened variables": (
        lambda k: shorten(k, "variables/*.data*", 0.5),
        ["all variables that the graph reads"],
    ),
    "emptied variables": (
        lambda k: shorten(k, "variables/*.data*", 0),
        ["all variables that the graph reads"],
    ),
    "shortened variables index": (
        lambda k: shorten(k, "variables/*.index", 0.5),
        ["all variables that the graph"],
    ),
    "a .keras file that is none": (
        lambda k: (k.policy["model"].update(path="m.keras"), (k.folder / "m.keras").write_text("x")),
        ["a .keras file", "1 bytes that are not one"],
    ),
    "no such signature": (
        lambda k: k.policy["model"].update(signature="predict"),
        ["'predict'", "'serving_default'"],
    ),
    "a symbolic link": (
        lambda k: (k.model / "extra").symlink_to(k.folder),
        ["a symbolic link that leads out of it", "its digest says what was audited"],
    ),
    "a program that reads files": (
        lambda k: k.use("reads_files"),
        ["a model that computes only", "operations that reach files", "'ReadFile'"],
    ),
    "one score for all rows": (
        lambda k: k.use("mean_score"),
        ["output 'score'", "one score a row", "shape [1, 1] for 300 rows"],
    ),
    "every score twice": (
        lambda k: k.use("every_score_twice"),
        ["output 'score'", "one score a row", "shape [600, 1] for 300 rows"],
    ),
    "words as scores": (
        lambda k: k.use("words_as_scores"),
        ["output 'score'", "scores as floating-point numbers", "type string"],
    ),
    "classes as scores": (
        lambda k: k.use("classes_as_scores"),
        ["output 'score'", "scores as floating-point numbers", "type int32"],
    ),
    "a score in percent": (
        lambda k: k.use("percent"),
        ["model.output", "a softmax, one sigmoid column, or logits", "values from", "probabilities, logits"],
    ),
    "classes that are not the labels": (
        lambda k: k.policy["model"].update(classes=["no", "yes"]),
        ["model.classes", "without 0, 1"],
    ),
}

POLICY: dict[str, tuple[Spoil, list[str]]] = {
    "an unknown key": (
        lambda k: k.data.update(lable="x"),
        ["data.lable", "did you mean 'label'", "audit.yaml:"],
    ),
    "an unknown section": (lambda k: k.policy.update(gates={}), ["gates", "did you mean 'gate'"]),
    "a wrong type": (lambda k: k.data.update(threshold="half"), ["data.threshold", "valid number", "'half'"]),
    "an unknown metric": (
        lambda k: rule(k, metric="performance.acuracy", at_least=0),
        ["a metric that an installed check offers", "did you mean 'performance.accuracy'"],
    ),
    "a rule on a check that is off": (
        lambda k: k.policy["checks"].update(fairness=False),
        ["rules only on checks that are enabled", "checks.fairness is turned off"],
    ),
    "a waiver of an unknown rule": (
        lambda k: k.policy.update(
            waivers=[{"rule": "x", "reason": "r", "owner": "o", "expires": "2030-01-01"}]
        ),
        ["waivers: x", "the id of a rule", "'performance.accuracy'"],
    ),
    "a waiver without words": (
        lambda k: waiver(k, reason=" "),
        ["waivers.0.reason", "a text that says something"],
    ),
    "a waiver of nobody": (
        lambda k: waiver(k, owner="\t"),
        ["waivers.0.owner", "a text that says something"],
    ),
    "a waiver until a number": (lambda k: waiver(k, expires=4102444800), ["waivers.0.expires", "4102444800"]),
    "an allowed operation that is none": (
        lambda k: k.policy["model"].update(allow_operations=["ReadFiles"]),
        ["model.allow_operations", "reach beyond a model or keep state", "did you mean 'ReadFile'"],
    ),
    "an unknown check": (
        lambda k: k.policy["checks"].update(fairnes={}),
        ["an installed check", "mean 'fairness'"],
    ),
    "an unknown option of a check": (
        lambda k: k.policy["checks"].update(fairness={"x": 1}),
        ["checks.fairness.x"],
    ),
    "no label": (lambda k: k.data.pop("label"), ["'data.label'", "it is missing"]),
    "a rule without a limit": (lambda k: rule(k, metric="performance.auc"), ["a rule needs a limit"]),
    "not YAML": (lambda k: policy_file(k, b"version: [1"), ["audit.yaml", "a YAML document"]),
    "a policy that is not UTF-8": (lambda k: policy_file(k, b"version: \xff"), ["audit.yaml", "UTF-8 text"]),
    "an empty policy": (lambda k: policy_file(k, b""), ["audit.yaml", "an empty file"]),
    "a policy that is a list": (lambda k: policy_file(k, b"- 1"), ["audit.yaml", "a mapping of keys"]),
}

USAGE: dict[str, tuple[list[str], list[str]]] = {
    "an unknown check in --only": (["--only", "fairnes"], ["--only", "did you mean 'fairness'"]),
    "an override without a value": (["--set", "gate"], ["--set gate", "key.path=value"]),
    "an override that leads nowhere": (
        ["--set", "gate.rules.9.at_least=1"],
        ["--set gate.rules.9", "a list of 2"],
    ),
    "no date": (["--date", "tomorrow"], ["--date", "YYYY-MM-DD", "'tomorrow'"]),
    "an empty date": (["--date", ""], ["--date", "YYYY-MM-DD", "''"]),
    "a policy and flags": (
        ["--model", "m", "--data", "d", "--label", "l"],
        ["a policy file, or --model", "both"],
    ),
}
