"""JSON Schema of the statement of a verdict."""

from audit.attestation.statement import Statement


def attestation_schema() -> dict[str, object]:
    """Return the JSON Schema of an attestation's payload."""
    dialect = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    return dialect | Statement.model_json_schema(by_alias=True) | {"title": "savedmodel-audit attestation"}
