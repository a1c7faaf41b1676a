"""What an audit is asked for, and the command that asks for it again."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime

import pytest

from audit.policy import parse_policy, resolve
from audit.runner import AuditRequest

CONTENT = {"version": 1, "model": {"path": "m"}, "data": {"path": "d.csv", "label": "y"}}


def test_the_command_repeats_everything_that_was_asked() -> None:
    request = AuditRequest(
        policy=resolve(parse_policy(CONTENT, path="my policy.yaml"), {}),
        seed=3,
        on=date(2030, 1, 2),
        only=["fairness"],
        overrides=["gate.min_rows=5"],
    )
    assert request.command == (
        "audit run 'my policy.yaml' --set gate.min_rows=5 --only fairness --seed 3 --date 2030-01-02"
    )


def test_options_stand_for_a_policy_that_is_no_file() -> None:
    policy, day = resolve(parse_policy(CONTENT), {}), date(2030, 1, 2)
    flags = ["--model", "m", "--data", "d.csv", "--label", "y"]
    repeat = AuditRequest(policy=policy, on=day, flags=flags).command
    assert repeat == "audit run --model m --data d.csv --label y --seed 0 --date 2030-01-02"
    assert AuditRequest(policy=policy, on=day).command == ""


@pytest.mark.parametrize("zone", ["Etc/GMT+12", "Etc/GMT-14"])  # their dates never agree
def test_waivers_are_judged_by_the_date_in_utc(monkeypatch: pytest.MonkeyPatch, zone: str) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        before, day, after = (
            datetime.now(UTC),
            AuditRequest(policy=resolve(parse_policy(CONTENT), {})).on,
            datetime.now(UTC),
        )
    finally:
        monkeypatch.undo()
        time.tzset()
    assert day in (before.date(), after.date())
