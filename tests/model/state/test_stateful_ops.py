"""Every operation of TensorFlow's registry has one class, and what is stateful is refused unless listed."""

from __future__ import annotations

from collections import Counter

import pytest

from audit.frameworks.tensorflow_loader import operation_definition, registered_operations
from audit.model.state.stateful_ops import ALLOWED, LOADING, RANDOM, class_of

STATE = (
    *(
        "Queue",
        "Barrier",
        "Stage",
        "Iterator",
        "Accumulator",
        "Rng",
        "Timestamp",
        "Assign",
        "Apply",
        "Scatter",
    ),
    *("TableInsert", "TableImport", "TableRemove", "CountUpTo", "Summary", "Mutex", "Session", "Stack"),
)
"""Parts of the names of operations that keep state, or read the clock."""


def stateful() -> set[str]:
    """Return the operations that are registered as stateful, or take a reference to a variable."""
    definitions = [operation_definition(name) for name in registered_operations()]
    return {d.name for d in definitions if d.is_stateful or any(arg.is_ref for arg in d.input_arg)}


def test_every_stateful_operation_is_in_exactly_one_class() -> None:
    operations = stateful()
    assert len(operations) > 600
    classes = {name: class_of(name) for name in operations}
    assert set(classes.values()) == {"allowed", "random", "refused"}
    assert {name for name, kind in classes.items() if kind == "random"} == RANDOM
    assert {name for name, kind in classes.items() if kind == "allowed"} == set(ALLOWED)
    assert not set(ALLOWED) & RANDOM
    counts = Counter(classes.values())
    assert counts["allowed"] < 60 and counts["random"] == 20, "a short list"


def test_what_is_listed_is_registered() -> None:
    assert {*ALLOWED, *RANDOM, *LOADING} <= registered_operations()
    assert all(ALLOWED.values()), "each has its reason"


def test_what_keeps_state_by_its_name_is_refused() -> None:
    """Of all operations, registered as stateful or not."""
    operations = [name for name in stateful() if not name.startswith("TensorArray")]  # which live in one call
    named = {name for name in operations if any(part in name for part in STATE)}
    assert len(named) > 200
    assert {class_of(name) for name in named} == {"refused"}


@pytest.mark.parametrize(
    "operation",
    [
        *("InplaceAdd", "InplaceUpdate", "Batch", "BatchFunction", "MapDataset", "XlaCallModule", "PyFunc"),
        *("CollectiveReduce", "TPUOrdinalSelector", "StackPushV2"),
    ],
)
def test_what_nobody_thinks_of_is_refused(operation: str) -> None:
    assert class_of(operation) == "refused"


def test_functions_and_pure_operations_are_not() -> None:
    assert {class_of(name) for name in ("__inference_call_12", "MatMul", "TensorListStack")} == {"pure"}
