"""Addresses of models in a registry, and what only looks like one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.errors import AuditError
from audit.registry.address import Address, is_address, parse_address

NAMES = st.text(st.characters(exclude_characters="/:@\n", exclude_categories=["Cs", "Cc"]), min_size=1)
LOGGED = "m-" + "0123456789abcdef" * 2


@given(NAMES, st.integers(1, 10**9), st.from_regex(r"[\w-]+", fullmatch=True))
def test_parts_come_back(name: str, number: int, alias: str) -> None:
    version = parse_address(f"models:/{name}/{number}")
    assert (version.name, version.number, version.alias) == (name, number, "")
    of_alias = parse_address(f"models:/{name}@{alias}")
    assert (of_alias.name, of_alias.number, of_alias.alias) == (name, None, alias)


def test_runs_and_logged_models() -> None:
    assert parse_address("runs:/abc/some/model") == Address(
        text="runs:/abc/some/model", run="abc", artifact="some/model"
    )
    assert parse_address(f"models:/{LOGGED}") == Address(text=f"models:/{LOGGED}", logged=LOGGED)


@pytest.mark.parametrize(
    "text",
    [
        "models:/income",
        "models:/income/latest",
        "models:/income/Production",
        "models:/income/0",
        "models:/income/1/2",
        "models:/income@",
        "models:/@champion",
        "models:/income@champion\n",
        "models:///income/1",
        "models:income/1",
        "runs:/abc",
        "runs:/",
    ],
)
def test_other_forms_are_refused(text: str) -> None:
    assert is_address(text)
    with pytest.raises(AuditError, match=r"models:/NAME/VERSION"):
        parse_address(text)


@pytest.mark.parametrize("path", ["models/income/3", "/models:/x", "./models:/income/3", "C:/models", ""])
def test_paths_are_no_addresses(path: str) -> None:
    assert not is_address(path)
