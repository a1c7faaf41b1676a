"""Rejects models that can keep state between calls or read the clock: a score says nothing of later calls then.

No number of calls shows how and when such scores change, so that the graph decides.
"""

from collections.abc import Collection, Iterable, Iterator
from typing import Any

from audit.errors import AuditError, Setting
from audit.frameworks.tensorflow_loader import tensorflow
from audit.model.state.executed_nodes import executed_nodes
from audit.model.state.stateful_ops import LOADING, class_of, is_seeded
from audit.policy.unsafe_operations import UNSAFE


def stateful_operations(function: Any) -> list[str]:
    """Return the types of refused operations that calling a ConcreteFunction may execute, sorted."""
    return _of_class({node.op for node in _executed(function)}, "refused")


def loading_state(operations: Iterable[str]) -> list[str]:
    """Return those of the ``operations`` of loading that make a model another one each time it is loaded, sorted.

    Loading fills variables and tables, and files are the concern of another scan.
    """
    return _of_class(set(operations) - LOADING - UNSAFE, "refused", "random")


def counting_operations(function: Any) -> list[str]:
    """Return the types of random operations with a seed, sorted: what they draw tells how often they were called."""
    return sorted(
        {node.op for node in _executed(function) if class_of(node.op) == "random" and is_seeded(node)}
    )


def require_stateless(operations: Iterable[str], allowed: Collection[str], where: str, place: str) -> None:
    """Refuse ``operations``, which ``place`` executes, unless all of them are ``allowed``.

    Raises:
        AuditError: some are not.
    """
    refused = [name for name in operations if name not in allowed]
    if refused:
        names = ", ".join(refused)
        trust = Setting("model.allow_operations", f"[{names}]")
        raise AuditError(
            where=where,
            expected="scores that follow from the row alone, whenever and however often the model is called",
            found=f"{place} operations that can keep state between calls or tell the time: {names}; "
            "a score measured now would say nothing of later calls",
            fix="export a signature that only reads its variables and tables, in inference mode (training=False); or "
            f"trust these with {trust}",
            settings=[trust],
        )


def _executed(function: Any) -> Iterator[Any]:
    return executed_nodes(function.graph.as_graph_def(), {tensor.op.name for tensor in function.inputs})


def _of_class(operations: Iterable[str], *classes: str) -> list[str]:
    tensorflow()
    return sorted(name for name in operations if class_of(name) in classes)
