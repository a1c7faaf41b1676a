"""Monitors a promoted model for 60 simulated days: quiet, drift, alarm, rollback, and quiet on the version before.

An office approves whoever is creditworthy. Version 2 of its model knows the rate of a credit bureau, version 1 does
not. From day 31 on, the bureau rates women higher: the data drift, and version 2 refuses ever more of them. It needs no
network: the registry is a SQLite database in the output directory.
"""

from __future__ import annotations

import logging
import os
import shlex
import shutil
import sys
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"  # read when TensorFlow is imported
from audit.check import load_policy
from audit.cli import main as run_command
from audit.demo.candidates import Recipe, train_candidate
from audit.demo.loans import NO_RECORD, make_loans
from audit.frameworks.output_silencing import Redirection
from audit.monitoring.follow_up import follow_up
from audit.monitoring.monitor import Monitor

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from script import parse  # noqa: E402  (the examples are scripts, not a package)

if TYPE_CHECKING:
    import pandas as pd

    from audit.policy.model import ResolvedPolicy

CHAMPION = "loans@champion"
STORE = Path("store")
LOGS = Path("logs")
WEBHOOK = "AUDIT_WEBHOOK_URL"
"""Environment variable with the address that alerts are posted to; without it, none is."""

FIRST_DAY = datetime(2027, 1, 1, tzinfo=UTC)
DAYS = 60
ROWS = 400
QUIET_DAYS = 30
LABEL_DELAY = 3
LATE_DAY = 12
"""Day whose batch arrives after that of the next day."""
DOUBLED_DAY = 20
"""Day whose batch arrives again on the next day."""


@dataclass(frozen=True)
class Day:
    """What a simulated day brought: new rows and labels, the state after it, and the news."""

    number: int
    rows: int
    labels: int
    version: str
    state: str
    news: str
    is_rolled_back: bool


def main() -> None:
    """Promote two versions, monitor the second, and show where the alias and the logs are at the end."""
    out = parse("Promote a model, monitor it until it fails, and roll it back.", HERE).out.resolve() / "loans"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    os.chdir(out)
    os.environ |= {"MLFLOW_TRACKING_URI": "sqlite:///mlflow.db", "AUDIT_HISTORY": "history.jsonl"}
    logging.disable(logging.WARNING)  # MLflow's migrations, and what AIF360 could also do
    paths = [f"data.path={out}/test.parquet", f"data.background={out}/train.parquet"]

    say("Version 1 does not know the credit bureau's rate, version 2 does: both pass their audit.")
    with Redirection(replay_on_error=True).block():  # TensorFlow greets
        train_versions()
    for version in (1, 2):
        audit(f"register models/{version} --name loans")
        settings = [f"--set {shlex.quote(path)}" for path in [f"model.path=models:/loans/{version}", *paths]]
        audit(f"run {shlex.quote(f'{HERE}/audit.yaml')} {' '.join(settings)} --out report-{version} --quiet")
        audit(f"promote report-{version}/report.json --to {CHAMPION}")

    say(f"{DAYS} days on version 2. From day {QUIET_DAYS + 1} on, the bureau rates women higher.")
    webhook = [f"monitoring.webhook.url_env={WEBHOOK}"] if WEBHOOK in os.environ else []
    print_table(monitored_days(load_policy(HERE / "audit.yaml", [*paths, *webhook])))

    say("The alias is on version 1 again.")
    audit(f"history {CHAMPION}")
    say("Curves of both versions:")
    print(f"tensorboard --logdir {shlex.quote(str(out / LOGS))}")


def train_versions() -> None:
    """Write the tables, and train and export both versions."""
    train = make_applications(24_000, seed=0)
    train.to_parquet("train.parquet", index=False)
    make_applications(8_000, seed=1).to_parquet("test.parquet", index=False)
    recipe = Recipe(reweighed=False, hardened=False)
    train_candidate(train.drop(columns="bureau_rate"), Path("models/1"), recipe, seed=0)
    train_candidate(train, Path("models/2"), recipe, seed=0)


def make_applications(rows: int, seed: int) -> pd.DataFrame:
    """Draw applications with the decisions of an honest office, and the rates of a bureau that predict them."""
    applications = make_loans(rows, seed, biased=False)
    return applications.assign(bureau_rate=make_loans(rows, seed)["bureau_rate"])


def write_day(day: int) -> None:
    """Write a day's applications, and the office's decisions in a file of their own."""
    applications = make_applications(ROWS, seed=1000 + day)
    applications.insert(0, "id", [f"{day}-{number}" for number in range(ROWS)])
    rise = 0.02 * min(max(0, day - QUIET_DAYS), 5)
    is_raised = (applications["sex"] == "Female") & (applications["bureau_rate"] != NO_RECORD)
    applications.loc[is_raised, "bureau_rate"] += rise
    data_file(day).parent.mkdir(exist_ok=True)
    applications.drop(columns="approved").to_parquet(data_file(day), index=False)
    applications[["id", "approved"]].to_parquet(labels_file(day), index=False)


def data_file(day: int) -> Path:
    """Return the path of a day's applications."""
    return Path(f"days/{day:02}.parquet")


def labels_file(day: int) -> Path:
    """Return the path of the decisions on a day's applications."""
    return Path(f"days/{day:02}-approved.parquet")


def batches_on(today: int) -> Iterator[tuple[int, bool]]:
    """Yield what arrives on a day: the day that a batch is of, and whether it comes for its labels."""
    if today != LATE_DAY:
        yield today, False
    if today == LATE_DAY + 1:
        yield LATE_DAY, False
    if today == DOUBLED_DAY + 1:
        yield DOUBLED_DAY, False
    labelled = today - LABEL_DELAY
    if labelled > 0 and labelled % 4:  # of every fourth day, labels never come
        yield labelled, True


def monitored_days(policy: ResolvedPolicy) -> Iterator[Day]:
    """Monitor day after day whatever version the alias names, and yield the days."""
    for day in range(1, DAYS + 1):
        write_day(day)
    monitored = 0
    while monitored < DAYS:
        with Monitor(policy, STORE) as monitor:  # opens the version that the alias names now
            for number in range(monitored + 1, DAYS + 1):
                day = monitored_day(monitor, number)
                yield day
                monitored = number
                if day.is_rolled_back:
                    break


def monitored_day(monitor: Monitor, today: int) -> Day:
    """Count what arrives on a day, and do what follows from it."""
    rows = labels = 0
    news: list[str] = []
    for day, has_labels in batches_on(today):
        labels_path = labels_file(day) if has_labels else None
        as_of = FIRST_DAY + timedelta(days=day - 1)
        observation = monitor.observe(data_file(day), labels_path, as_of)
        texts = list(follow_up(monitor, observation, LOGS))
        outcome = observation.outcome
        if not observation.counted:
            news.append(f"day {day} arrives again, and is not counted again")
            continue
        rows += outcome.rows
        labels += outcome.labelled
        if day < today and not has_labels:
            news.append(f"day {day} arrives late")
        news += [event.text for event in outcome.events]
        news += texts
    is_rolled_back = any("was rolled back" in text for text in news)
    return Day(today, rows, labels, monitor.model.version, outcome.state, ". ".join(news), is_rolled_back)


def print_table(days: Iterable[Day]) -> None:
    """Print a line for each day with news, and one for all days between two of them."""
    layout = "{:>7}  {:>6}  {:>6}  {:15}  {:5}  {}"
    print(layout.format("day", "rows", "labels", "monitored", "state", "what changed"))
    for (version, state, news), group in groupby(days, lambda day: (day.version, day.state, day.news)):
        stretch = list(group)
        first, last = stretch[0].number, stretch[-1].number
        numbers = f"{first}" if first == last else f"{first}-{last}"
        rows, labels = sum(day.rows for day in stretch), sum(day.labels for day in stretch)
        first_line, *more = textwrap.wrap(news, 70) or [""]
        print(layout.format(numbers, rows, labels, version, state, first_line).rstrip())
        for line in more:
            print(layout.format("", "", "", "", "", line))


def audit(arguments: str) -> None:
    """Print and run a command of `audit` in this process, and end the script unless it succeeds."""
    print(f"\n$ audit {arguments}", flush=True)
    if code := run_command(shlex.split(arguments)):
        sys.exit(f"expected exit code 0, but it is {code}")


def say(text: str) -> None:
    """Print a heading."""
    print(f"\n# {text}", flush=True)


if __name__ == "__main__":
    main()
