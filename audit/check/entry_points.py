"""Finds checks by entry point. The built-in ones come in by the same door as a plug-in's."""

from __future__ import annotations

from functools import cache
from importlib.metadata import EntryPoint, entry_points

from pydantic import ValidationError

from audit.check.base import Check
from audit.errors import AuditError, did_you_mean, quote_list

GROUP = "audit.checks"
_FIRST = ("performance", "fairness", "explainability", "robustness")  # whether it works comes before for whom


@cache
def installed() -> dict[str, EntryPoint]:
    """Return the installed checks by name, without importing any, in the order in which a report shows them."""
    found = {entry.name: entry for entry in entry_points(group=GROUP)}
    order = [name for name in _FIRST if name in found] + sorted(set(found) - set(_FIRST))
    return {name: found[name] for name in order}


def require_installed(name: str, where: str) -> EntryPoint:
    """Return the entry point of the check ``name``; ``where`` says who asks.

    Raises:
        AuditError: no such check is installed.
    """
    if name in installed():
        return installed()[name]
    raise AuditError(
        where=where,
        expected=f"an installed check: {quote_list(installed())}",
        found=f"{name!r}{did_you_mean(name, installed())}",
        fix="correct the name or install the package that brings it",
    )


@cache
def check_class(name: str) -> type[Check]:
    """Import the class of the check ``name``.

    Raises:
        AuditError: no such check is installed, or a plug-in is broken (never skipped silently).
    """
    entry = require_installed(name, f"checks.{name}")
    try:
        loaded = entry.load()
    except Exception as error:
        raise _broken(entry, f"{type(error).__name__}: {error}") from error
    if not (isinstance(loaded, type) and issubclass(loaded, Check)):
        raise _broken(entry, f"{loaded!r} is not a subclass of audit.check.Check")
    return loaded


def build(name: str, options: dict[str, object]) -> Check:
    """Build the check ``name`` with ``options`` validated.

    Raises:
        AuditError: an option is unknown or has the wrong type.
    """
    cls = check_class(name)
    try:
        return cls.model_validate(options)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        unknown = first["type"] == "extra_forbidden"
        raise AuditError(
            where=f"checks.{name}.{key}",
            expected=f"one of the options {quote_list(cls.model_fields)}" if unknown else first["msg"],
            found=f"{key!r}{did_you_mean(key, cls.model_fields)}" if unknown else repr(first["input"]),
            fix=f"see 'audit checks {name}'",
        ) from None


def _broken(entry: EntryPoint, found: str) -> AuditError:
    return AuditError(
        where=f"plug-in {entry.name!r} ({entry.value})",
        expected="a check that can be imported",
        found=found,
        fix="repair or uninstall the package that brings it",
    )
