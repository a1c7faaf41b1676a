"""The catalogue of words: every key that code or a template asks for is there, and none is there for nothing."""

import re
from pathlib import Path

import pytest

from audit.check import check_class, installed
from audit.formats.text.catalogue import _catalogue, title, words

ROOT = Path(__file__).parents[3]
KEY = re.compile(r"""words\(\s*"(\w+)",\s*"(\w+)\"""")
SOURCES = [*(ROOT / "audit/formats").rglob("*.py"), *(ROOT / "reports/templates").glob("*.j2")]


def asked() -> set[tuple[str, str]]:
    return {key for source in SOURCES for key in KEY.findall(source.read_text("utf-8"))}


def test_every_key_is_in_the_catalogue() -> None:
    catalogue = _catalogue()
    assert asked() and not [key for key in asked() if key[1] not in catalogue.get(key[0], {})]


def test_no_key_is_there_for_nothing() -> None:
    code = "\n".join(source.read_text("utf-8") for source in SOURCES)
    statuses = {"fail", "inconclusive", "waived", "pass"}
    keys = [(section, key) for section, texts in _catalogue().items() for key in texts if section != "title"]
    assert [(section, key) for section, key in keys if f'"{key}"' not in code and key not in statuses] == []


def test_every_metric_of_the_checks_has_a_title_and_no_other() -> None:
    metrics = {f"{name}.{metric}" for name in installed() for metric in check_class(name).metrics}
    titles = set(_catalogue()["title"])
    ours = {metric for metric in metrics if metric.partition(".")[0] in {t.partition(".")[0] for t in titles}}
    assert ours <= titles and titles - ours <= {"gate.audits"}


def test_a_metric_of_a_plug_in_is_shown_by_its_name() -> None:
    assert title("mine.odd_rows") == "Odd rows" and title("bare") == "Bare"


def test_values_are_filled_in_and_never_read_as_names() -> None:
    assert words("claim", "of_all", title="{value}", value="1") == "{value} is 1"
    with pytest.raises(KeyError):
        words("claim", "of_all", title="x")
