"""Operations that the scan would refuse and that a policy lets run: by name, or by the package that registers them."""

from collections.abc import Collection
from dataclasses import dataclass

from audit.errors import AuditError, did_you_mean
from audit.frameworks.tensorflow_loader import registered_operations
from audit.model.loading.imports import import_operations
from audit.model.state.stateful_ops import class_of
from audit.policy.model import ModelSpec
from audit.policy.unsafe_operations import BATCH_SIZE, UNSAFE


@dataclass(frozen=True)
class AllowedOperations:
    """What a policy lets a model do: ``names`` are of ``model.allow_operations``, ``imported`` are operations.

    ``packages`` are those of ``model.import``, which registered the imported operations.
    """

    names: frozenset[str] = frozenset()
    packages: tuple[str, ...] = ()
    imported: frozenset[str] = frozenset()

    @property
    def operations(self) -> frozenset[str]:
        """The types of operations that may run though the scan would refuse them."""
        return self.names | self.imported

    @property
    def batch_size(self) -> bool:
        """Whether scores may depend on the number of rows in a batch."""
        return BATCH_SIZE in self.names

    def used(self, refused: Collection[str]) -> list[str]:
        """Return the operations of ``refused`` that run because the policy names them, sorted."""
        return sorted(self.names.intersection(refused))


def allowed_operations(spec: ModelSpec) -> AllowedOperations:
    """Import the packages of a policy, and return what it allows.

    Raises:
        AuditError: a package cannot be imported, or a name is none of an operation that would be refused.
    """
    imported = import_operations(spec.imports)
    names = frozenset(spec.allow_operations or ())
    if names - UNSAFE - {BATCH_SIZE}:
        _require_refusable(names, imported)
    return AllowedOperations(names, tuple(spec.imports), imported)


def _require_refusable(names: Collection[str], imported: Collection[str]) -> None:
    classes = {name: class_of(name) for name in registered_operations()}
    known = {name for name, kind in classes.items() if kind in ("random", "refused")}
    known |= {*UNSAFE, *imported, BATCH_SIZE}
    for name in sorted(set(names) - known):
        harmless = " (which needs no permission)" if name in classes else did_you_mean(name, sorted(known))
        raise AuditError(
            where="model.allow_operations",
            expected="names of operations that reach beyond a model or keep state, such as 'ReadFile', or 'batch_size'",
            found=f"{name!r}{harmless}",
        )
