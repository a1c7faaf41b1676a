"""Whatever option a message, a page or a template names exists: a reader can do as it says."""

from __future__ import annotations

import ast

import pytest

from .named_options import UNKNOWN, docstrings, messages, missing, named, pages, strings


def test_every_option_that_a_message_names_exists() -> None:
    assert {place: wrong for place, text in messages() if (wrong := missing(text))} == {}


def test_every_option_that_a_page_or_a_template_names_exists() -> None:
    assert {place: wrong for place, text in pages() if (wrong := missing(text, report=True))} == {}


def test_messages_and_pages_are_read() -> None:
    """What is looked for is there, or nothing of the above could fail."""
    told, written = (set().union(*(named(text) for _, text in found)) for found in (messages(), pages()))
    both = {
        "data.favorable",
        "data.pixels",
        "model.classes",
        "gate.min_rows",
        "report.rows",
        "--only",
        "--set",
    }
    assert both | {"checks.robustness.rows", "checks.explainability.rows"} <= told
    assert both | {"gate.rules.0.at_least"} <= written


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("raise checks.robustness.rows, as far", set()),
        ("raise checks.robustness.row, as far", {"checks.robustness.row"}),
        ("`checks.robustnes.rows`", {"checks.robustnes.rows"}),
        ("set checks.robustness to false", set()),
        (f"checks.robustness.{UNKNOWN}", set()),
        ("'data.favourable'", {"data.favourable"}),
        ("data.favorable: {at_least: NUMBER}", set()),
        ("data.favorable.at_least", set()),
        ("data.favorable.at_most", {"data.favorable.at_most"}),
        ("model.output.name", set()),
        ("model.output.nam", {"model.output.nam"}),
        (f"data.protected.{UNKNOWN} or data.missing.age", set()),
        ("data.protected.sex.privilege", {"data.protected.sex.privilege"}),
        ("gate.rules.0.at_least", set()),
        ("gate.rules.0.at_leest", {"gate.rules.0.at_leest"}),
        ("read data.csv, write report.json", set()),
        ("audit.data.masking.Masker", set()),
        ("pass --label", set()),
        ("pass --label-s", {"--label-s"}),
        ("'audit gate REPORT.json --policy FILE --date DAY'", set()),
        ("'audit gate REPORT.json --seed 1'", {"audit gate --seed"}),
        ("python -m benchmarks.masked --write", set()),
    ],
)
def test_what_is_misspelt_is_found(text: str, wrong: set[str]) -> None:
    assert missing(text) == wrong


def test_a_key_of_a_report_is_no_option_but_may_stand_on_a_page() -> None:
    assert missing("data.distinct_rows") == {"data.distinct_rows"}
    assert missing("data.distinct_rows", report=True) == set()


def test_strings_in_code_are_found_whole() -> None:
    tree = ast.parse("""'Says.'\nraise Error("set data." f"pixels to {low}", where=f"checks.{name}.{key}")""")
    found = dict(strings(tree))
    told = [text for node, text in found.items() if node not in docstrings(tree)]
    assert told == [f"set data.pixels to {UNKNOWN}", f"checks.{UNKNOWN}.{UNKNOWN}"]
    assert [found[node] for node in docstrings(tree)] == ["Says."]
