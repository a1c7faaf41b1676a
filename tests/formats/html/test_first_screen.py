"""What the first screen says, for every verdict."""

from dataclasses import replace
from datetime import date

from audit.formats.html.page import render_html
from audit.gate.verdict import decide
from audit.policy.gate_spec import GateSpec
from audit.result import Report

from .pages import parse
from .samples import inconclusive, passing, small


def screen(report: Report) -> dict[str, str]:
    """The first screen's parts by their headings."""
    (section,) = parse(render_html(report)).all("section", id="verdict")
    parts = {"": section.all("div", class_="banner")[0].text}
    for side in section.all("div", class_="why")[0].children:
        inner = [e for child in side.children for e in (child.children if child.tag == "div" else [child])]
        heading = ""
        for element in inner:
            if element.tag == "h3":
                heading = element.children[0].text if element.children else element.text
                heading = element.text.removesuffix(heading).strip() if element.children else heading
                parts[heading] = ""
            else:
                parts[heading] += f" {element.text}"
    return parts


def test_a_group_left_out_twice_is_listed_with_its_fewest_rows() -> None:
    rules = small().rules
    (other,) = [m for m in rules[2].not_decided if m.where["unprivileged"] == "Other"]
    fewer = replace(other, n=other.n + 1, smallest_n=33)
    report = replace(small(), rules=[*rules, replace(rules[2], id="again", not_decided=[fewer])])
    assert (
        "race: Other 135 rows, 33 in the denominator: disparate_impact 1.140 (0.796 to 1.484) race: Amer-Indian-Eskimo "
        "159 rows:" in screen(report)["Groups too small to decide"]
    )


def test_default_rules_are_said_and_nothing_of_rows_that_repeat() -> None:
    assert "starting points, not a standard for your case" in screen(passing())["Keep in mind"]
    assert "Keep in mind" not in screen(small())


def test_repeated_rows_and_copies_are_said_with_the_data() -> None:
    few = replace(small(), data=replace(small().data, distinct_rows=16281 - 162))
    assert "16,281, of which 16,119 distinct</dd>" in render_html(few)
    copied = replace(small(), data=replace(small().data, copies=20, repeats_left_out=1200))
    assert "distinct; the file holds each of them 20 times; 1,200 repeats left out</dd>" in render_html(
        copied
    )


def test_warnings_about_the_policy_are_said_and_the_rest_is_folded() -> None:
    said = [f"rule {i}: no value breaks 'at_least: 0'" for i in range(6)]
    page = parse(render_html(replace(small(), warnings=said)))
    (section,) = page.all("section", id="verdict")
    text = section.text
    assert all(warning in text for warning in said) and "5 more warnings" in text
    assert "Warnings" not in screen(small())


def test_what_an_open_rule_needs_is_said_with_it() -> None:
    need = "about 340 more rows of Female (120 now) at the observed rates would show that the limit holds"
    rules = [
        replace(rule, needs=[need] * 3) if rule.status == "inconclusive" else rule for rule in small().rules
    ]
    report = replace(small(), rules=rules)
    shown = screen(report)["Not decided"]
    assert f"To decide it: {need}." in shown and "2 more." in shown
    (section,) = parse(render_html(report)).all("section", id="rules")
    assert section.text.count(f"A{need[1:]}.") == 3 * sum(rule.status == "inconclusive" for rule in rules)


def test_the_place_in_the_history_stands_in_the_run_section_alone() -> None:
    run = {**small().run, "history": {"audits": 9, "candidates": 7}}
    with_it = parse(render_html(replace(small(), run=run)))
    sentence = "This is the 7th candidate audited on these rows, in the 9th audit of them."
    assert sentence in with_it.all("section", id="run")[0].text
    without = parse(render_html(small()))
    assert with_it.all("section", id="verdict")[0].text == without.all("section", id="verdict")[0].text


def test_the_bound_on_audits_is_a_rule_without_an_axis() -> None:
    decision = decide([], GateSpec(max_audits=5, rules=[]), [], date(2026, 6, 15), 0.95, audits=7)
    report = replace(small(), rules=decision.rules, verdict=decision.verdict)
    assert "7 different audits of these rows, of 5 that the policy allows" in screen(report)["Why it failed"]
    (section,) = parse(render_html(report)).all("section", id="rules")
    assert "It covers no measurement" not in section.text and "all rows" not in section.text


def test_a_pass_lists_its_rules_the_nearest_to_its_limit_first() -> None:
    shown = screen(passing())
    assert shown[""].startswith("PASS All 2 rules passed.")
    statements = shown["What passed, closest to its limit first"]
    assert 0 < statements.index("Disparate impact") < statements.index("AUC is")


def test_without_rules_nothing_is_claimed() -> None:
    assert screen(inconclusive())[""] == "INCONCLUSIVE The policy has no rules."
    (section,) = parse(render_html(inconclusive())).all("section", id="rules")
    assert "nothing was decided" in section.text


def test_the_page_does_not_judge() -> None:
    text = parse(render_html(passing())).text.lower()
    assert not [
        word
        for word in ("is fair", "is robust", "is safe", "complies", "compliant", "unbiased")
        if word in text
    ]


def test_checks_that_are_off_are_said() -> None:
    report = small()
    policy = replace(report.policy, effective={**report.policy.effective, "checks": {"fairness": False}})
    shown = screen(replace(report, rules=[], policy=policy))["Keep in mind"]
    assert "Turned off by the policy and not measured: fairness." in shown


def test_what_the_policy_says_of_the_model_heads_the_page_as_text() -> None:
    about = {"name": "Income <b>screening</b>", "owner": "risk@example.org", "intended_use": "Not\nalone"}
    report = small()
    effective = {**report.policy.effective, "about": about}
    page = render_html(replace(report, policy=replace(report.policy, effective=effective)))
    (header,) = parse(page).all("header")
    assert header.all("h1")[0].text == "Income <b>screening</b>" and "Owner risk@example.org" in header.text
    assert "Intended use Not" in header.text and "Limitations" not in header.text
    assert "Intended use" not in render_html(report)
