"""Policies to start from: the least one, and one that says everything that a policy may say today."""

from __future__ import annotations

from pathlib import Path

LEAST = """\
version: 1
model: {path: models/income}
data: {path: test.parquet, label: income}
"""

FULL = """\
version: 1
model:
  path: models/income/3
  signature: serving_default
  output: auto
  classes: [0, 1]
  inputs: {marital_status: marital-status, dense: [age, hours]}
data:
  path: data/test.parquet
  background: data/train.parquet
  label: income
  favorable: ">50K"
  threshold: 0.5
  weight: fnlwgt
  cluster: household
  missing: {workclass: "?", age: -1}
  protected:
    sex: {privileged: Male}
    race: {privileged: [White]}
    age: {bins: [25, 60], privileged: "25-60"}
    region: {columns: {North: is_north, South: is_south}, privileged: North}
  intersections: [[sex, race]]
checks:
  performance: {}
  fairness:
gate:
  confidence: 0.95
  min_rows: 200
  rules:
    - {metric: performance.accuracy, at_least: 0.80}
    - {metric: fairness.disparate_impact, where: {attribute: sex}, at_least: 0.8, at_most: 1.25}
    - {metric: fairness.equal_opportunity_difference, within: 0.1}
    - {metric: performance.auc, at_least: 0.6, id: ranks}
waivers:
  - {rule: "fairness.equal_opportunity_difference", reason: "known since May", owner: "risk@example.com",
     expires: 2027-01-31, covers: [fail]}
  - {rule: ranks, reason: "small data", owner: "risk", expires: "2027-02-28", covers: [fail, inconclusive]}
report:
  rows: shown
registry:
  log: true
monitoring:
  drift: {features: true, scores: false, attributions: true}
  false_alarms: 0.01
  key: id
  webhook: {url_env: AUDIT_WEBHOOK_URL, format: slack}
  tensorboard: tb/
  rollback: {alias: income@champion, after: 3}
"""


def written(folder: Path, text: str | bytes, name: str = "audit.yaml") -> Path:
    """Write a policy and return its path."""
    file = folder / name
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


def with_rules(*rules: str, more: str = "") -> str:
    """Return the least policy with a gate of ``rules``, each in YAML's flow style."""
    return LEAST + "gate:\n  rules:\n" + "".join(f"    - {rule}\n" for rule in rules) + more
