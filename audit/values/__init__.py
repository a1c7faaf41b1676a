"""Identity of values: when two spellings in data, policy or model are one label, one group or one class."""

from audit.values.ambiguity import ambiguity_warning, reading_setting, spelling_settings
from audit.values.identity import canonical, is_number, scalar, sort_key
from audit.values.spelling import MERGING, Spelling, read_as, shown, spelled

__all__ = [
    "MERGING",
    "Spelling",
    "ambiguity_warning",
    "canonical",
    "is_number",
    "read_as",
    "reading_setting",
    "scalar",
    "shown",
    "sort_key",
    "spelled",
    "spelling_settings",
]
