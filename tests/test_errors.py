"""Errors that a user can cause: where they happened, seen from inside and from outside."""

from __future__ import annotations

from audit.errors import AuditError, ScoresRefused


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
