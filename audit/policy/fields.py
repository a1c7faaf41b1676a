"""Field types shared by the sections of a policy. Unknown keys and wrong types are errors."""

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from audit.policy.spelled_numbers import as_spelled
from audit.result import Scalar

Number = Annotated[float, Field(allow_inf_nan=False)]
Name = Annotated[str, Field(min_length=1)]


def is_default(value: object) -> bool:
    """Return whether the value of a key that came later is left out of the effective policy.

    So the digests of policies that do not use the key stay what they were.
    """
    return not value or value == "each"


def _as_list(value: object) -> object:
    return value if isinstance(value, list) else [value]


Names = Annotated[list[Name], Field(min_length=1)]
OneOrMoreNames = Annotated[Names, BeforeValidator(_as_list, json_schema_input_type=Name | Names)]

Value = Annotated[Scalar, BeforeValidator(as_spelled, json_schema_input_type=Scalar)]
"""A label or group: of what YAML takes for a number, the spelling counts."""

Scalars = Annotated[list[Value], Field(min_length=1)]
OneOrMore = Annotated[Scalars, BeforeValidator(_as_list, json_schema_input_type=Scalar | Scalars)]


class Strict(BaseModel):
    """Base class of a policy's sections."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
