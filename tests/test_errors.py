"""Errors that a user can cause: where they happened, seen from inside and from outside."""

from __future__ import annotations

import pytest
from ruamel.yaml import YAML

from audit.errors import AuditError, ScoresRefused, Setting, yaml_name, yaml_value


def test_an_error_inside_a_place_says_the_same_there_and_refuses_nothing_else() -> None:
    error = ScoresRefused(where="model.classes", expected="two", found="three", fix="list them")
    outer = error.within("model.baseline")
    assert type(outer) is AuditError
    assert str(outer) == str(error).replace("model.classes", "model.baseline: model.classes")
    assert (error.where, outer.expected, outer.found, outer.fix) == (
        "model.classes",
        "two",
        "three",
        "list them",
    )


def test_no_place_costs_an_error_its_settings() -> None:
    settings = (Setting("data.csv", "{decimal: ','}"),)
    error = ScoresRefused(where="column 'a'", expected="b", found="c", fix="d", settings=settings)
    row = error.in_row(3)
    assert (row.where, row.row, row.expected, row.found, row.fix) == ("column 'a', row 3", 3, "b", "c", "d")
    places = [error.within("model.baseline"), row, row.within("t.csv"), row.located("t.csv: row 1")]
    assert [place.settings for place in places] == [settings] * 4


@pytest.mark.parametrize(
    "text", ["a", "it's", 'a "b"', "a: b # c", "true", "2", "", "\n\\", "Größe", " a", "a\t'"]
)
def test_a_text_of_the_data_is_that_text_in_yaml(text: str) -> None:
    for written in (yaml_name(text), yaml_value(text)):
        assert YAML(typ="safe", pure=True).load(f"{{{written}: 1}}") == {text: 1}
