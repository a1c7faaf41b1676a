"""The exception for every error that a user can cause, the settings that answer it, and helpers for its messages."""

import difflib
import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

_PLAIN = re.compile(r"[^\W\d]([\w ./-]*\w)?")
_RESERVED = ("true", "false", "null", "yes", "no", "on", "off")


@dataclass(frozen=True)
class Setting:
    """A value, as YAML, for a dotted key of the policy; not ``complete`` if its author has to fill in a name."""

    key: str
    value: str
    complete: bool = True

    def __str__(self) -> str:
        return f"{self.key}: {self.value}"


class AuditError(Exception):
    """Raised if the audit cannot be made: wrong usage, policy, data or model (exit code 2).

    Args:
        expected: the expected value, as a noun phrase or clause.
        found: the actual value.
        where: file, key or column that the error is about.
        fix: what the user can do.
        settings: those that would answer the error, the likeliest first: `audit init` offers them.
    """

    def __init__(
        self, *, expected: str, found: str, where: str, fix: str = "", settings: Iterable[Setting] = ()
    ) -> None:
        self.expected = expected
        self.found = found
        self.where = where
        self.fix = fix
        self.settings = tuple(settings)
        super().__init__(self.__str__())

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def __reduce__(self) -> "tuple[Callable[..., AuditError], tuple[Any, ...]]":
        return _unpickled, (type(self), vars(self))

    def lines(self) -> list[str]:
        """Return the message by line: place, expectation, finding and, if there is one, what to do."""
        lines = [f"{self.where}", f"  expected: {self.expected}", f"  found:    {self.found}"]
        return [*lines, f"  do:       {self.fix}"] if self.fix else lines

    def within(self, place: str) -> "AuditError":
        """Return the error about something inside ``place``: ``"{place}: {where}"``.

        It is a plain `AuditError`: that a baseline's scores are refused, say, does not refuse the candidate's.
        """
        return self._at(f"{place}: {self.where}")

    def in_row(self, row: int) -> "RowError":
        """Return the error about the value in a row of the column ``where``."""
        return RowError(
            row=row,
            expected=self.expected,
            found=self.found,
            where=self.where,
            fix=self.fix,
            settings=self.settings,
        )

    def _at(self, where: str) -> "AuditError":
        return AuditError(
            expected=self.expected, found=self.found, where=where, fix=self.fix, settings=self.settings
        )


def _unpickled(kind: type[AuditError], attributes: dict[str, Any]) -> AuditError:
    """Return an error of another process; the arguments of its type are named, which pickle knows nothing of."""
    error = kind.__new__(kind)
    error.__dict__.update(attributes)
    error.args = (str(error),)
    return error


class RowError(AuditError):
    """A row of a table with a value that cannot be audited; the message never shows the value.

    Args:
        row: its number in the table, from 1 over all files.
        expected: the expected value.
        found: the kind of the actual value, without the value: it may identify a person.
        where: the column.
        fix: what the user can do.
        settings: those that would answer the error.
    """

    def __init__(
        self,
        *,
        row: int,
        expected: str,
        found: str,
        where: str,
        fix: str = "",
        settings: Iterable[Setting] = (),
    ) -> None:
        self.row = row
        self._column = where
        place = f"{where}, row {row:,}"
        super().__init__(expected=expected, found=found, where=place, fix=fix, settings=settings)

    def located(self, place: str) -> AuditError:
        """Return the error about the row at ``place``, the file and the row's number in it."""
        return self._at(f"{place}: {self._column}")


class ScoresRefused(AuditError):
    """The model's scores contradict its labels, its graph or the policy: an audit would misread them."""


class MachineFault(AuditError):
    """The machines fail: memory runs out, or workers are lost. It says nothing of policy, data or model."""


class Refused(AuditError):
    """A promotion or rollback that is not allowed: what was asked for was examined, and does not hold (exit code 1)."""


class ToolFault(Exception):
    """A fault of the tool in the process that measures.

    Args:
        text: type and message of the exception there.
        trace: its traceback.
    """

    def __init__(self, text: str, trace: str = "") -> None:
        super().__init__(text)
        self.trace = trace


class Skip(Exception):
    """Raised by a check that does not apply to this model or data; its text is the reason."""


def did_you_mean(name: object, known: Iterable[object]) -> str:
    """Return " (did you mean …?)" with the known name most similar to ``name``, or "" if none is."""
    names = {str(k).casefold(): str(k) for k in known}
    match = difflib.get_close_matches(str(name).casefold(), names, n=1, cutoff=0.7)
    return f" (did you mean {names[match[0]]!r}?)" if match else ""


def quote_list(names: Iterable[object], limit: int = 12) -> str:
    """Return up to ``limit`` quoted names, and the number of the others, for a message."""
    quoted = [repr(n) if len(str(n)) <= 80 else repr(str(n)[:77] + "…") for n in names]
    more = len(quoted) - limit
    return ", ".join(quoted[:limit]) + (f" and {more} more" if more > 0 else "") or "none"


def yaml_name(name: str) -> str:
    """Return a name for a `Setting`, as it is where YAML allows that."""
    is_plain = _PLAIN.fullmatch(name) and name.lower() not in _RESERVED
    return name if is_plain else yaml_value(name)


def yaml_value(value: object) -> str:
    """Return a value of the data for a `Setting`: texts in quotes, whatever they hold."""
    text = repr(value)
    return json.dumps(value) if isinstance(value, str) and text != f"'{value}'" else text


def not_installed(where: str, packages: str, extra: str, error: ImportError) -> AuditError:
    """Return the error of a package that an extra of this one installs."""
    return AuditError(
        where=where,
        expected=f"{packages}, installed on request",
        found=str(error),
        fix=f"pip install 'savedmodel-audit[{extra}]'",
    )
