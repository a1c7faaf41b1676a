"""One measurement as text: its name, value, interval and rows, the same in every output."""

from typing import NamedTuple

from audit.formats.text.where_labels import describe, rows_of
from audit.numbers import count, interval, number
from audit.result import Measurement
from audit.result.small_groups import where_in_words

ALL_ROWS = "all rows"


class MeasurementText(NamedTuple):
    """A measurement as text; ``ci`` is empty without an interval, ``rows`` are those of a comparison's smaller side."""

    label: str
    value: str
    ci: str
    rows: str


def measurement_text(measurement: Measurement) -> MeasurementText:
    """Return the texts of a measurement: ``sex: Female against Male``, ``0.312``, ``0.283 to 0.343``, ``5,421``."""
    return MeasurementText(
        label=describe(where_in_words(measurement)) or ALL_ROWS,
        value=number(measurement.value),
        ci=interval(measurement.ci, ""),
        rows=count(rows_of(measurement)),
    )
