"""Columns of flags, floats, decimals or times that feed text inputs: the audit chooses the spelling of their values."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

import pyarrow as pa

from audit.data.arrow_columns import texts
from audit.data.source import Source
from audit.errors import quote_list
from audit.inputs.feeds import Feed

_MAX_COLUMNS = 10


def respelled_columns(feeds: Sequence[Feed], source: Source) -> Iterator[str]:
    """Yield a warning if columns feed text inputs and have a type whose values systems spell differently.

    Integers have one spelling, and a CSV file's columns are the text that it holds.
    """
    columns = [] if source.is_text else [name for feed in feeds if feed.is_text for name in feed.reads]
    kinds = {name: _value_type(source.schema.field(name).type) for name in columns}
    examples = {name: (kind, example) for name, kind in kinds.items() if (example := _example(kind))}
    if examples:
        parts = [f"{name!r} ({kind}, spelled like {example!r})" for name, (kind, example) in examples.items()]
        others = list(examples)[_MAX_COLUMNS:]
        more = f"; and {quote_list(others)}" if others else ""
        yield (
            f"columns that are not text feed text inputs of the model: {', '.join(parts[:_MAX_COLUMNS])}{more}. The "
            "serving system may send another spelling, such as 'True' or '1.0': store these columns as text, exactly "
            "as it is served"
        )


def _value_type(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _example(kind: pa.DataType) -> str | None:
    """Return how some value of this type is spelled, None if there is one spelling. No value of the data is shown."""
    if pa.types.is_boolean(kind):
        value = pa.array([True])
    elif pa.types.is_floating(kind):
        value = pa.array([1.0], kind)
    elif pa.types.is_decimal(kind):
        value = pa.array([Decimal(0)], kind)
    elif pa.types.is_temporal(kind):
        value = pa.array([0], kind)
    else:
        return None
    return texts(value, "example").vocabulary[0]
