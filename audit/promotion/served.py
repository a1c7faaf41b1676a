"""What an alias serves now, against its promotion log: nothing here moves anything."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from audit.attestation import Difference
from audit.errors import Refused
from audit.promotion.attested import attestation_differences
from audit.promotion.evidence import sentence
from audit.promotion.history import AliasHistory
from audit.promotion.log import read_history
from audit.promotion.mlflow_store import MlflowStore, Target, parse_target
from audit.promotion.versions import damage, stored_differences
from audit.provenance.public_key import read_public_key
from audit.registry.mlflow_connection import connect
from audit.registry.stored import DamagedModel, stored_model

_KINDS = {"promote": "promotion of", "rollback": "rollback to"}


@dataclass(frozen=True, kw_only=True)
class Served:
    """Version that an alias names, None without one, its history, and what differs from the audited bytes.

    ``differences`` of bytes is None if there is nothing to compare: no alias, or no audited version recorded.
    """

    target: Target
    version: int | None
    history: AliasHistory
    differences: list[Difference] | None

    @property
    def state(self) -> str:
        """Whether the alias is where its log says: recorded, interrupted, moved outside, or never promoted."""
        if not self.history.moves:
            return "never promoted"
        last = self.history.moves[-1].entry
        if self.version == last.version:
            return "recorded"
        return "interrupted" if self.version == last.replaced else "moved outside"

    @property
    def sentence(self) -> str:
        """The state in words."""
        now = "the alias is not set" if self.version is None else f"the alias names version {self.version}"
        if not self.history.moves:
            return f"{now}; nothing was promoted to it by audit"
        last = self.history.moves[-1].entry
        return {
            "recorded": f"{now}, as its log says",
            "interrupted": f"{now}, and the {_KINDS[last.kind]} version {last.version} is recorded but not completed: "
            "the next 'audit promote' or 'audit rollback' completes or undoes it",
            "moved outside": f"{now}, and its log says version {last.version}: it was changed outside audit",
        }[self.state]


def look_up(target: Target) -> Served:
    """Return what an alias serves now, its files compared with those that were audited.

    Raises:
        AuditError: there is no such model, or the registry or the version's files cannot be reached.
    """
    with _opened(target) as (served, _):
        return served


@contextmanager
def verified_model(address: str, keys: Sequence[Path] = ()) -> Iterator[Path]:
    """Context with the SavedModel or Keras file that ``models:/NAME@ALIAS`` serves, if it is the promoted one.

    The files are those that were compared: load them within the context, which removes them when it ends.

    Args:
        address: the alias.
        keys: files of public keys; if any are given, the promotion must have an attestation by one of them.

    Raises:
        Refused: the alias is not where its log says, the files are not the audited ones, or no attestation holds.
        AuditError: there is no such model, or the registry or the files cannot be reached.
    """
    with verified(address, keys) as (_, model):
        yield model


@contextmanager
def verified(address: str, keys: Sequence[Path] = ()) -> Iterator[tuple[Served, Path]]:
    """Context with what an alias serves, and the files, as of `verified_model`: of one look at the registry."""
    with _opened(parse_target(address)) as (served, model):
        differences = list(refusals(served, keys, datetime.now(UTC)))
        if differences or model is None:
            raise Refused(
                where=address,
                expected="the version that was promoted, with the audited bytes",
                found=sentence(differences),
                fix=f"run 'audit verify {address}' with the same keys, and 'audit history'",
            )
        yield served, model


def refusals(served: Served, keys: Sequence[Path], now: datetime) -> Iterator[Difference]:
    """Yield why what an alias serves should not be: nothing if it is the promoted version with the audited bytes."""
    if served.state != "recorded":
        recorded = served.history.version
        yield Difference("alias", _version(recorded), served.sentence)
    for fault in served.history.breaks:
        yield Difference(f"log: entry {fault.number}", "entries that follow each other", fault.problem)
    yield from served.differences or ()
    for move in served.history.line[-1:]:
        yield from attestation_differences(move, [read_public_key(key) for key in keys], now)


@contextmanager
def _opened(target: Target) -> Iterator[tuple[Served, Path | None]]:
    """Context with what an alias serves, and the model's files as they were compared."""
    store = MlflowStore(connect(), target)
    version = store.served()
    history = read_history(store)
    if version is None:
        yield Served(target=target, version=version, history=history, differences=None), None
        return
    audited = history.last_entry(version)
    with ExitStack() as stack:
        model, differences = None, None
        try:
            model = stack.enter_context(stored_model(f"models:/{target.name}/{version}"))
            differences = list(stored_differences(audited, model)) if audited else None
        except DamagedModel as error:
            differences = [damage(error)]
        path = model.path if model else None
        yield Served(target=target, version=version, history=history, differences=differences), path


def _version(number: int | None) -> str:
    return "a promotion" if number is None else f"version {number}"
