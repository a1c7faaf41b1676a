"""How CSV files are written: what the policy leaves open is detected in each file."""

import codecs
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from audit.policy.fields import Strict


def _is_open(value: object) -> bool:
    return value is None


def _require_single_byte(character: str) -> str:
    if character and (not character.isascii() or character in "\r\n"):
        raise ValueError("must be an ASCII character, and no line break")
    return character


def _require_text_encoding(name: str) -> str:
    try:
        codecs.getincrementaldecoder(name)().decode(b"")
        "".encode(name)  # refuses codecs from bytes to bytes
    except (LookupError, UnicodeError):
        raise ValueError(
            f"{name!r} is no encoding that Python knows, such as utf-8, utf-16 or cp1252"
        ) from None
    return name


_Character = AfterValidator(_require_single_byte)


class CsvSpec(Strict):
    """Dialect of CSV files. Each key is detected where it is left out, as far as the file is unambiguous.

    ``quote`` is the character around values that hold a delimiter, "" for none; ``skip_initial_space`` is whether
    spaces after a delimiter belong to it.
    """

    delimiter: Annotated[
        Annotated[str, Field(min_length=1, max_length=1), _Character] | None, Field(exclude_if=_is_open)
    ] = None
    decimal: Annotated[Literal[".", ","] | None, Field(exclude_if=_is_open)] = None
    encoding: Annotated[
        Annotated[str, AfterValidator(_require_text_encoding)] | None, Field(exclude_if=_is_open)
    ] = None
    quote: Annotated[Annotated[str, Field(max_length=1), _Character] | None, Field(exclude_if=_is_open)] = (
        None
    )
    skip_initial_space: Annotated[bool | None, Field(exclude_if=_is_open)] = None
