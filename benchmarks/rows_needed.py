"""How many rows decide a rule, by the package's own intervals, as Markdown tables.

``--write`` puts them into docs/choosing-limits.md; a test compares. Takes a second.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from audit.result import Measurement
from audit.stats import interval

PAGE = Path(__file__).parent.parent / "docs" / "choosing-limits.md"
CONFIDENCE = 0.95
MOST = 1_000_000
"""More rows than these are not searched for."""

Interval = tuple[float, float]


def rate(share: float, rows: float) -> Interval:
    """Return the interval of a proportion."""
    return _interval("clopper-pearson", share, {"rate": [share * rows, rows]})


def difference(share: float, gap: float, rows: float) -> Interval:
    """Return the interval of a difference of two proportions, with as many rows in either group."""
    return _interval("mover-difference", gap, _sides(share + gap, share, rows))


def ratio(share: float, times: float, rows: float) -> Interval:
    """Return the interval of a ratio of two proportions, with as many rows in either group."""
    return _interval("mover-ratio", times, _sides(share * times, share, rows))


def _sides(unprivileged: float, privileged: float, rows: float) -> dict[str, list[float]]:
    return {"unprivileged": [unprivileged * rows, rows], "privileged": [privileged * rows, rows]}


def _interval(method: str, value: float, counts: dict[str, list[float]]) -> Interval:
    measured = Measurement(metric="a.b", value=value, n=1, method=method, counts=counts)
    limits = interval(measured, CONFIDENCE)
    assert limits is not None
    return limits[0], limits[1]


def fewest(holds: Callable[[float], bool]) -> str:
    """Return the smallest number of rows for which a rule holds, rounded up to two digits."""
    if not holds(MOST):
        return f"more than {MOST:,}"
    few, enough = 1, MOST
    while enough - few > 1:
        middle = (few + enough) // 2
        few, enough = (few, middle) if holds(middle) else (middle, enough)
    step = 10 ** max(0, len(str(enough)) - 2)
    return f"{-(-enough // step) * step:,}"


def rates() -> str:
    """Return the table of a proportion above a limit, by what is observed beyond it."""
    limits = (0.5, 0.6, 0.7, 0.8, 0.9)
    rows = [
        [
            f"{beyond:.2f}",
            *(fewest(lambda n, p=limit + beyond, t=limit: rate(p, n)[0] >= t) for limit in limits),
        ]
        for beyond in (0.01, 0.02, 0.05, 0.09)
    ]
    return table(["observed above the limit by", *(f"at least {limit:g}" for limit in limits)], rows)


def differences() -> str:
    """Return the table of a difference within 0.1."""
    shares = (0.1, 0.3, 0.5, 0.8)

    def holds(share: float, gap: float) -> Callable[[float], bool]:
        return lambda n: all(abs(end) <= 0.1 for end in difference(share, -gap, n))

    rows = [
        [f"{-gap:g}".replace("-", "−"), *(fewest(holds(p, gap)) for p in shares)]
        for gap in (0, 0.02, 0.05, 0.08)
    ]
    return table(["observed difference", *(f"privileged rate {share:g}" for share in shares)], rows)


def ratios() -> str:
    """Return the table of a ratio between 0.8 and 1.25."""
    shares = (0.05, 0.1, 0.3, 0.5)

    def holds(share: float, times: float) -> Callable[[float], bool]:
        return lambda n: ratio(share, times, n)[0] >= 0.8 and ratio(share, times, n)[1] <= 1.25

    rows = [[f"{times:g}", *(fewest(holds(p, times)) for p in shares)] for times in (1.0, 0.95, 0.9, 0.85)]
    return table(["observed ratio", *(f"privileged rate {share:g}" for share in shares)], rows)


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


TABLES = {"rows: rates": rates, "rows: differences": differences, "rows: ratios": ratios}
"""By the name in the comments between which each stands on the page."""


def insert(page: str) -> str:
    """Return the page with the tables of today."""
    for name, make in TABLES.items():
        begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
        if begin not in page or end not in page:
            raise SystemExit(f"{PAGE.name} lacks the markers {begin} and {end}")
        page = re.sub(f"{begin}.*{end}", f"{begin}\n{make()}{end}", page, flags=re.DOTALL)
    return page


def main() -> None:
    """Print the tables, and with ``--write`` put them into the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="put the tables into docs/choosing-limits.md")
    arguments = parser.parse_args()
    for name, make in TABLES.items():
        print(f"{name}\n\n{make()}")
    if arguments.write:
        PAGE.write_text(insert(PAGE.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main()
