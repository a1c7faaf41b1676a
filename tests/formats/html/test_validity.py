"""The tests of the attacks' own evidence, as the report shows them."""

from __future__ import annotations

from audit.formats.html.robustness.validity import COLUMNS, validity

ROWS = [
    dict(zip(COLUMNS, row, strict=True))
    for row in (
        ("rows without a gradient", 0.2, 0.1, 0.3, 200, "at most 5 %", "in doubt"),
        ("change that the gradient misses", 0.01, None, None, 200, "at most 5 %", "holds"),
        ("flips by a very large attack", None, None, None, 0, "90 % or more", "not judged"),
    )
]


def test_each_test_stands_with_its_figure_and_verdict() -> None:
    found = validity(ROWS)
    assert found is not None and found.sentence.startswith("1 of 3 sanity checks failed: the attacks may")
    first, second, third = found.tests
    assert (first.figure, first.interval, first.doubt) == ("20.0\u00a0%", "10.0 to 30.0\u00a0%", True)
    assert (second.figure, second.interval, second.doubt) == ("1.0\u00a0%", "", False)
    assert (third.figure, third.verdict) == ("", "not judged")


def test_none_in_doubt_is_said_and_no_test_is_no_section() -> None:
    found = validity(ROWS[1:])
    assert (
        found is not None and found.sentence == "1 of 2 sanity checks passed; the others could not be made."
    )
    best = validity(ROWS[1:2])
    assert best is not None and best.sentence == "The sanity check passed."
    assert validity([]) is None
