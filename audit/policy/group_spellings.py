"""Groups that a rule names, read as the policy reads their columns (``data.values``)."""

from collections.abc import Sequence

from audit.policy.gate_spec import Rule
from audit.policy.model import DataSpec
from audit.result import GROUP_KEYS, Scalar
from audit.values import Spelling, read_as

_MEMBER_KEYS = GROUP_KEYS - {"attribute"}


def with_groups_as_read(rule: Rule, data: DataSpec) -> Rule:
    """Return ``rule`` with the groups in its ``where`` as measurements call them: ``male`` for ``Male`` when folded.

    A rule that names no attribute, or one that ``data.values`` leaves as it is, is returned unchanged.
    """
    spellings = _spellings(rule, data)
    if not any(spellings):
        return rule
    where = {
        key: _group(value, spellings) if key in _MEMBER_KEYS else value for key, value in rule.where.items()
    }
    return rule.model_copy(update={"where": where})


def _spellings(rule: Rule, data: DataSpec) -> list[Spelling | None]:
    """Return the settings of the columns that make the rule's attribute, one for each part of an intersection."""
    attribute = rule.where.get("attribute")
    names = data.named_intersections.get(str(attribute), [str(attribute)])
    return [data.values.get(name) if name in data.protected else None for name in names]


def _group(value: Scalar, spellings: Sequence[Spelling | None]) -> Scalar:
    """Read a group's name: several privileged ones are joined with ``|``, the parts of an intersection with ``*``."""
    if len(spellings) == 1 and not isinstance(value, str):
        return _member(value, spellings[0])
    return "|".join(_cell(cell, spellings) for cell in str(value).split("|"))


def _cell(cell: str, spellings: Sequence[Spelling | None]) -> str:
    members = cell.split("*") if len(spellings) > 1 else [cell]
    if len(members) != len(spellings):
        return cell
    return "*".join(_member(member, spelling) for member, spelling in zip(members, spellings, strict=True))


def _member(value: Scalar, spelling: Spelling | None) -> str:
    try:
        return read_as(spelling)(value)
    except ValueError:  # such as the group of the rows without a value
        return str(value)
