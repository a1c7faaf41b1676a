"""Types that several sections of a policy share. Strict: unknown keys and wrong types are errors."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from audit.result import Scalar

Number = Annotated[float, Field(allow_inf_nan=False)]

Name = Annotated[str, Field(min_length=1)]


def _listed(value: object) -> object:
    return value if isinstance(value, list) else [value]


Names = Annotated[list[Name], Field(min_length=1)]

OneOrMoreNames = Annotated[Names, BeforeValidator(_listed, json_schema_input_type=Name | Names)]

Scalars = Annotated[list[Scalar], Field(min_length=1)]

OneOrMore = Annotated[Scalars, BeforeValidator(_listed, json_schema_input_type=Scalar | Scalars)]


class Strict(BaseModel):
    """A section of a policy."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
