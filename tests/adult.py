"""The 16,281 published test rows of Adult, and the policy that audits `models.adult` on them."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd

COLUMNS = [
    "age", "workclass", "fnlwgt", "education", "education-num", "marital-status", "occupation", "relationship",
    "race", "sex", "capital-gain", "capital-loss", "hours-per-week", "native-country", "income",
]  # fmt: skip
BINS = [25, 60]


def read(file: Path) -> pd.DataFrame:
    """Return the rows as they are published; labels lose the dot of the test split."""
    table = pd.read_csv(file, names=COLUMNS, skipinitialspace=True, skiprows=1, na_filter=False)
    return table.assign(income=table["income"].str.rstrip("."))


def policy(model: Path, data: Path) -> dict[str, object]:
    """Two privileged values of race, bins of age, an intersection, and rules of every outcome."""
    rules = [
        {"metric": "performance.auc", "at_least": 0.6},
        {"metric": "fairness.disparate_impact", "where": {"attribute": "sex"}, "at_least": 0.8},
        {"metric": "fairness.equal_opportunity_difference", "where": {"attribute": "*"}, "within": 0.1},
    ]
    return {
        "version": 1,
        "model": {"path": str(model)},
        "data": {
            "path": str(data),
            "label": "income",
            "protected": {
                "sex": {"privileged": "Male"},
                "race": {"privileged": ["White", "Asian-Pac-Islander"]},
                "age": {"bins": BINS, "privileged": "25-60"},
            },
            "intersections": [["sex", "race"], ["race", "age"]],
        },
        "gate": {"rules": rules, "min_rows": 200},
    }


def write(model: Path, raw: Path, folder: Path) -> Path:
    """Write table and policy (JSON is YAML) into ``folder`` and return the policy's file."""
    table = folder / "adult.parquet"
    read(raw / "adult" / "adult.test").to_parquet(table, index=False)
    file = folder / "audit.yaml"
    file.write_text(json.dumps(policy(model, table)))
    return file
