"""How a CSV file is written, as Arrow's reader needs to know it."""

import re
from dataclasses import asdict, dataclass
from typing import Any

from pyarrow import csv

from audit.data.readers.csv_text import initial_spaces
from audit.policy.csv_spec import CsvSpec


@dataclass(frozen=True)
class Dialect:
    """Dialect of a CSV file; the fields are those of `CsvSpec`, none of them open."""

    delimiter: str = ","
    decimal: str = "."
    encoding: str = "utf-8"
    quote: str = '"'
    skip_initial_space: bool = False

    @property
    def strip(self) -> re.Pattern[str] | None:
        """The pattern of spaces that do not belong to values, None if all spaces do."""
        return initial_spaces(self.delimiter, self.quote) if self.skip_initial_space else None

    @property
    def parse_options(self) -> csv.ParseOptions:
        """The options of Arrow's parser."""
        return csv.ParseOptions(
            delimiter=self.delimiter, quote_char=self.quote or False, newlines_in_values=True
        )

    def detected(self, spec: CsvSpec) -> dict[str, Any]:
        """Return the keys that are not the usual ones, and that ``spec`` does not give."""
        usual = asdict(Dialect())
        specified = spec.model_dump()
        return {
            key: value for key, value in asdict(self).items() if value != usual[key] and key not in specified
        }
