"""Errors that a user can cause: where they happened, seen from inside and from outside."""

from __future__ import annotations

from audit.errors import AuditError


class Refused(AuditError):
    """A kind of error, as a caller would tell it from others."""


def test_an_error_inside_a_place_is_the_same_error_there() -> None:
    error = Refused(where="data: label", expected="a label", found="none", fix="name one")
    outer = error.within("model.baseline")
    assert type(outer) is Refused
    assert str(outer) == str(error).replace("data: label", "model.baseline: data: label")
    assert (error.where, outer.expected, outer.found, outer.fix) == (
        "data: label",
        "a label",
        "none",
        "name one",
    )
