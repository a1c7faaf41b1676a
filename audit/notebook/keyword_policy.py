"""The keyword arguments of `audit.run` as the content of a policy."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from audit.errors import AuditError, did_you_mean, quote_list
from audit.policy.model import Policy

KEYWORDS = ("model", "data", "label", "protected", "favorable", "threshold", "background", "rules", "checks")
"""Keywords that describe a policy."""

_OPTIONS = ("seed", "on", "only", "progress", "crash")
_REQUIRED = ("model", "data", "label")
_DATA = ("label", "favorable", "threshold")
_WHERE = "audit.run"

PolicyLike = Policy | Mapping[str, object] | str | Path


def policy_of(
    policy: PolicyLike | None, keywords: Mapping[str, object], unknown: Mapping[str, object]
) -> PolicyLike:
    """Return ``policy``, or the policy that ``keywords`` describe.

    Args:
        policy: policy, its file or its content; None if it is described by keywords.
        keywords: values by the names in `KEYWORDS`; None stands for one that was not given.
        unknown: further keywords, which are refused.

    Raises:
        AuditError: there is an unknown keyword, a policy together with keywords, neither, or a value that no policy
            can hold.
    """
    _require_known(unknown)
    present = {name: value for name, value in keywords.items() if value is not None}
    missing = [name for name in _REQUIRED if name not in present]
    if policy is None and not missing:
        return _content(present)
    if policy is not None and not present:
        return policy
    raise AuditError(
        where=_WHERE,
        expected="either a policy, or model, data and label",
        found=f"no {', no '.join(missing)}" if policy is None else f"a policy and {quote_list(present)}",
        fix="pass them, or a policy" if policy is None else "put them all into the policy",
    )


def _require_known(unknown: Mapping[str, object]) -> None:
    known = (*KEYWORDS, *_OPTIONS)
    for name in unknown:
        raise AuditError(
            where=_WHERE,
            expected=f"keywords among {', '.join(known)}",
            found=f"{name!r}{did_you_mean(name, known)}",
            fix="what has no keyword of its own goes into a policy: audit.run({...}) or audit.run('audit.yaml')",
        )


def _content(keywords: Mapping[str, object]) -> dict[str, object]:
    data: dict[str, object] = {"path": _data_path(keywords["data"], "data")}
    data |= {name: _plain(keywords[name]) for name in _DATA if name in keywords}
    if "background" in keywords:
        data["background"] = _data_path(keywords["background"], "background")
    if "protected" in keywords:
        data["protected"] = _protected(keywords["protected"])
    content: dict[str, object] = {
        "version": 1,
        "model": {"path": _model_path(keywords["model"])},
        "data": data,
    }
    if "checks" in keywords:
        content["checks"] = _plain(keywords["checks"])
    if "rules" in keywords:
        content["gate"] = {"rules": _plain(keywords["rules"])}
    return content


def _model_path(model: object) -> str:
    if isinstance(model, str | Path):
        return str(model)
    raise AuditError(
        where=f"{_WHERE}: model",
        expected="the path or the registry's address of an exported model",
        found=f"an object of type {_type(model)}",
        fix="export it, by model.export('models/income/1') in Keras, and pass that path: the bytes are what is audited",
    )


def _data_path(data: object, name: str) -> str:
    """Return the path of a table; a DataFrame is written to a file first."""
    if isinstance(data, str | Path):
        return str(data)
    import pandas as pd

    from audit.notebook.stored_frame import store_frame

    if isinstance(data, pd.DataFrame):
        return str(store_frame(data, f"{_WHERE}: {name}"))
    raise AuditError(
        where=f"{_WHERE}: {name}",
        expected="the path of a table, or a pandas DataFrame",
        found=f"an object of type {_type(data)}",
        fix="convert it to a DataFrame with the label as one of its columns, or write it to a file",
    )


def _protected(protected: object) -> dict[str, object]:
    """Return the attributes as a policy has them: a value, or a list of values, is the privileged one."""
    if not isinstance(protected, Mapping):
        raise AuditError(
            where=f"{_WHERE}: protected",
            expected="a mapping from attribute to its privileged value, such as {'sex': 'Male'}",
            found=f"{protected!r:.80}",
        )
    specs = {str(name): _plain(spec) for name, spec in protected.items()}
    return {name: spec if isinstance(spec, dict) else {"privileged": spec} for name, spec in specs.items()}


def _plain(value: Any) -> Any:
    """Return a value as YAML would give it: numpy's and pandas' scalars, arrays and paths as Python's own."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "tolist"):
        return value.tolist()
    return str(value) if isinstance(value, Path) else value


def _type(value: object) -> str:
    return f"{type(value).__module__}.{type(value).__qualname__}"
