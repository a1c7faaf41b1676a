"""Checks found by entry point: the built-in ones are registered the same way as a plug-in's."""

import inspect
from functools import cache
from importlib.metadata import EntryPoint, entry_points

from pydantic import ValidationError

from audit.check.base import Check
from audit.check.isolation import process_state_restored
from audit.errors import AuditError, did_you_mean, quote_list
from audit.result import MetricFacts

GROUP = "audit.checks"
BUILT_IN = ("performance", "fairness", "explainability", "robustness", "slices")
"""The audit's own checks in the order of a report: whether it works comes before for whom."""


@cache
def installed() -> dict[str, EntryPoint]:
    """Return the installed checks by name, without importing any, in the order in which a report shows them.

    Raises:
        AuditError: two packages offer a check of the same name.
    """
    entries: dict[str, EntryPoint] = {}
    for entry in entry_points(group=GROUP):
        if entry.name in entries:
            raise AuditError(
                where=f"plug-in {entry.name!r}",
                expected="a check name that only one installed package provides",
                found=" and ".join(f"{e.value}{_package(e)}" for e in (entries[entry.name], entry)),
                fix="uninstall one of them, or rename its entry point",
            )
        entries[entry.name] = entry
    order = [name for name in BUILT_IN if name in entries] + sorted(set(entries) - set(BUILT_IN))
    return {name: entries[name] for name in order}


def require_installed(name: str, where: str) -> EntryPoint:
    """Return the entry point of the check ``name``; an error names ``where`` it was asked for.

    Raises:
        AuditError: no such check is installed.
    """
    if name in installed():
        return installed()[name]
    raise AuditError(
        where=where,
        expected=f"an installed check: {quote_list(installed())}",
        found=f"{name!r}{did_you_mean(name, installed())}",
        fix="correct the name, or install the package that provides it",
    )


@cache
def check_class(name: str) -> type[Check]:
    """Import the class of the check ``name``.

    Raises:
        AuditError: no such check is installed, or a plug-in is broken (never skipped silently).
    """
    entry = require_installed(name, f"checks.{name}")
    try:
        with process_state_restored(is_plug_in(name)):
            cls = entry.load()
    except (Exception, SystemExit) as error:
        raise _broken(entry, f"{type(error).__name__}: {error}") from error
    if fault := _fault(cls):
        raise _broken(entry, fault)
    return cls  # type: ignore[no-any-return]  # a subclass of Check, or it has a fault


def is_plug_in(name: str) -> bool:
    """Whether the check ``name`` is not one of the audit's own."""
    return name not in BUILT_IN


def build(name: str, options: dict[str, object]) -> Check:
    """Create the check ``name`` with validated ``options``.

    Raises:
        AuditError: an option is unknown or has the wrong type, or a plug-in's own validation crashes.
    """
    cls = check_class(name)
    try:
        with process_state_restored(is_plug_in(name)):
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
    except Exception as error:
        raise _broken(installed()[name], f"{type(error).__name__}: {error}") from error


def _fault(cls: object) -> str:
    """Return what keeps an imported object from being a check; empty if nothing does."""
    if not (isinstance(cls, type) and issubclass(cls, Check)):
        return f"{cls!r} is not a subclass of audit.check.Check"
    if inspect.isabstract(cls):
        return f"{cls.__name__} does not define {quote_list(sorted(cls.__abstractmethods__))}"
    summary = getattr(cls, "summary", None)
    if not isinstance(summary, str):
        return f"{cls.__name__}.summary is {summary!r}, not a text"
    metrics = getattr(cls, "metrics", None)
    if isinstance(metrics, dict) and all(isinstance(facts, MetricFacts) for facts in metrics.values()):
        return ""
    return f"{cls.__name__}.metrics is {metrics!r}, not a dict of MetricFacts by name"


def _broken(entry: EntryPoint, fault: str) -> AuditError:
    return AuditError(
        where=f"plug-in {entry.name!r} ({entry.value}){_package(entry)}",
        expected="a check that can be imported",
        found=fault,
        fix="repair or uninstall the package that provides it",
    )


def _package(entry: EntryPoint) -> str:
    return f" from {entry.dist.name} {entry.dist.version}" if entry.dist else ""
