"""Comparison of privileged groups with each other, which are one side of all other comparisons."""

from collections.abc import Iterator
from dataclasses import replace

from audit.data.protected_attributes import Attribute


def among_privileged(attribute: Attribute) -> Iterator[tuple[Attribute, int]]:
    """Yield the attribute with all privileged groups but one, and that one's index, for each of several."""
    if len(attribute.privileged) < 2:
        return
    for group in attribute.privileged:
        others = [index for index in attribute.privileged if index != group]
        yield replace(attribute, privileged=others), group
