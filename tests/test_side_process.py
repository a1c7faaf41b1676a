"""The second process: results, failures and an end as if the calls were made here."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import pytest

from audit.frameworks import side_process
from audit.frameworks.side_process import SideProcess, submit


def nothing() -> None:
    """Import nothing."""


def process_and_sum(*numbers: int) -> tuple[int, int]:
    return os.getpid(), sum(numbers)


def fail() -> None:
    raise ValueError(f"in {os.getpid()}")


def end_unless(process: int) -> int:
    if os.getpid() != process:
        os._exit(1)
    return process


@pytest.fixture
def side() -> Iterator[SideProcess]:
    yield SideProcess(nothing)


def test_calls_are_made_there_one_after_the_other(side: SideProcess) -> None:
    results = [side.submit(process_and_sum, number, 1) for number in range(5)]
    processes, sums = zip(*(result() for result in results), strict=True)
    assert sums == (1, 2, 3, 4, 5)
    assert len(set(processes)) == 1 and os.getpid() not in processes


def test_a_large_call_does_not_wait_for_the_one_before_it(side: SideProcess) -> None:
    slow = side.submit(time.sleep, 0.5)
    started = time.perf_counter()
    large = side.submit(len, b" " * 2_000_000)
    assert time.perf_counter() - started < 0.4
    assert slow() is None and large() == 2_000_000


def test_a_failing_call_fails_where_its_result_is_asked_for(side: SideProcess) -> None:
    result = side.submit(fail)
    with pytest.raises(ValueError, match=f"in {os.getpid()}"):
        result()


def test_after_its_end_calls_are_made_here(side: SideProcess) -> None:
    assert side.submit(end_unless, os.getpid())() == os.getpid()
    assert side.submit(process_and_sum, 1, 2)() == (os.getpid(), 3)


def test_without_one_a_call_is_made_when_its_result_is_asked_for() -> None:
    assert side_process._side_process is None
    assert submit(process_and_sum, 1, 2)() == (os.getpid(), 3)
