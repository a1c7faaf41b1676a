"""The catalogue of a report's words: every sentence by its key, in `words.toml`."""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from audit.formats.text.safe_text import brief

_FILE = Path(__file__).with_name("words.toml")


def words(section: str, key: str, *ordered: object, **values: object) -> str:
    """Return the text of a key, with values in place of the names, or the numbers, in braces.

    Raises:
        KeyError: the catalogue lacks the key, or ``values`` a name in the text.
        IndexError: the text has a number that ``ordered`` lacks.
    """
    return _catalogue()[section][key].format(*ordered, **values)


def title(metric: str) -> str:
    """Return a metric's title; of a metric that the catalogue lacks, its name, shortened, with spaces."""
    known = _catalogue()["title"].get(metric)
    name = brief(metric.partition(".")[2] or metric)
    return known or (name[:1].upper() + name[1:]).replace("_", " ")


@cache
def _catalogue() -> Mapping[str, Mapping[str, str]]:
    return tomllib.loads(_FILE.read_text("utf-8"))
