"""Holm's correction for many tests by nested intervals, which needs no p-values."""

from collections.abc import Callable, Collection
from typing import TypeVar

Key = TypeVar("Key")


def rejected(
    tests: Collection[Key], total: int, error: float, rejects: Callable[[Key, float], bool]
) -> set[Key]:
    """Return the tests that Holm's correction rejects.

    A step rejects what its error allows, and whatever is rejected makes the next step's error larger. As a test that
    rejects at one error rejects at any larger one, all that a step allows may be rejected at once: the set is the one
    that p-values in their order give.

    Args:
        tests: the tests; those that do not reject at ``error`` may be left out.
        total: number of all tests, at least that of ``tests``.
        error: probability in (0, 1) of any false rejection among all.
        rejects: whether a test rejects at an error, as an interval at the confidence 1 minus the error does.

    Source: Holm, Scandinavian Journal of Statistics 6 (1979) 65-70.
    """
    named: set[Key] = set()
    while len(named) < len(tests):
        at = error / (total - len(named))
        more = {test for test in tests if test not in named and rejects(test, at)}
        if not more:
            break
        named |= more
    return named
