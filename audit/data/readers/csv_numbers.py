"""Decimal commas in columns of numbers, which are handed on with points: all else reads numbers in one way."""

import pyarrow as pa
import pyarrow.compute as pc

from audit.data.column_types import is_number
from audit.errors import RowError, Setting

_POINTS = Setting("data.csv", '{decimal: "."}')
DECIMAL_COMMA = r"^\s*[+-]?\d*,\d+([eE][+-]?\d+)?\s*$"
_WITH_POINT = r"^\s*[+-]?[\d,]*\.\d+([eE][+-]?\d+)?\s*$"


class DecimalCommas:
    """Columns of numbers of a file with decimal commas; texts that happen to hold commas stay as they are.

    Args:
        comma: the columns' types if commas are read as decimal marks.
        point: the same for points: a column of numbers by these alone is not what the file's numbers look like.
    """

    def __init__(self, comma: pa.Schema, point: pa.Schema) -> None:
        self._columns = {
            name
            for schema in (comma, point)
            for name, kind in zip(schema.names, schema.types, strict=True)
            if is_number(kind)
        }

    def with_points(self, name: str, column: pa.Array, first_row: int) -> pa.Array:
        """Return a column of text with decimal points.

        Raises:
            RowError: a number has a point already, between thousands or as a decimal mark.
        """
        if name not in self._columns:
            return column
        points = pc.match_substring_regex(column, _WITH_POINT)
        if pc.any(points).as_py():
            raise RowError(
                row=first_row + points.index(True).as_py(),
                where=f"column {name!r}",
                expected="numbers with decimal commas",
                found="a number with a point",
                fix=f"write numbers without points between thousands, or set {_POINTS}",
                settings=[_POINTS],
            )
        is_decimal = pc.match_substring_regex(column, DECIMAL_COMMA)
        return pc.if_else(is_decimal, pc.replace_substring(column, ",", "."), column)
