"""Two reports that differ in everything a diff shows, and two in which every name is hostile."""

from __future__ import annotations

from dataclasses import replace

from audit.result import Report

from ..formats.html.hostile import HOSTILE
from .builders import content, impact, report, share


def pair() -> tuple[Report, Report]:
    """A pass and a failure after it: another model, a looser policy, one feature and one attack less."""
    waiver = {"rule": "fairness.disparate_impact[attribute=sex]", "reason": "known", "owner": "Ana"}
    old = report(
        [
            share("performance.accuracy", 4250),
            share("performance.selection_rate", 2000),
            impact(1000, 2000, 1550, 3000),
            *(
                share("explainability.attribution_share", n, 1000, feature=f)
                for f, n in (("age", 300), ("pay", 400))
            ),
            share("robustness.flip_rate", 30, 300, attack="noise", eps=0.1),
            share("robustness.flip_rate", 90, 300, attack="pgd", eps=0.1),
        ],
        content(waivers=[{**waiver, "expires": "2026-07-01"}], checks={"robustness": {"eps": [0.1, 0.2]}}),
    )
    rules = [
        {"metric": "performance.accuracy", "at_least": 0.78},
        {"metric": "fairness.disparate_impact", "where": {"attribute": "sex"}, "at_least": 0.8},
        {"metric": "robustness.flip_rate", "where": {"attack": "pgd"}, "at_most": 0.5},
    ]
    new = report(
        [
            share("performance.accuracy", 3700),
            share("performance.selection_rate", 2010),
            impact(700, 2000, 1550, 3000),
            share("explainability.attribution_share", 600, 1000, feature="age"),
            share("robustness.flip_rate", 100, 300, attack="pgd", eps=0.1),
        ],
        content(
            waivers=[{**waiver, "expires": "2026-08-01"}],
            gate={"rules": rules, "min_rows": 50},
            checks={"robustness": {"eps": [0.1]}},
        ),
        digest="sha256:bb",
        seed=3,
        version="0.2",
    )
    came = "performance.accuracy: it limits one direction only"
    return replace(old, warnings=["stays", "went | away"]), replace(new, warnings=["stays", came])


def hostile() -> tuple[Report, Report]:
    """Groups, features, rules, reasons and owners are hostile, each name in one report or in both."""

    def names(reverse: bool) -> Report:
        texts = HOSTILE[::-1] if reverse else HOSTILE
        features = [
            share("explainability.attribution_share", 700 if reverse else 100 + at, 1000, feature=text)
            for at, text in enumerate(HOSTILE)
        ]
        groups = [
            share("performance.accuracy", 900 if reverse else 400, 1000, attribute="sex", group=text)
            for text in texts[:-1]
        ]
        written = [text.replace("\ud800", "") for text in texts]  # no YAML file holds half a character
        rules = [{"metric": "performance.accuracy", "at_least": 0.5, "id": text} for text in written[1:]]
        waivers = [
            {"rule": written[1], "reason": text, "owner": text, "expires": f"2026-08-{at + 1:02}"}
            for at, text in enumerate(written)
        ]  # fmt: skip
        policy = content(gate={"rules": rules}, waivers=waivers)
        whole = report([share("performance.accuracy", 1000 if reverse else 4000), *features, *groups], policy,
                       digest="".join(HOSTILE) if reverse else "a", version=texts[0])  # fmt: skip
        return replace(whole, warnings=[f"{text} {reverse}" for text in texts])

    return names(False), names(True)
