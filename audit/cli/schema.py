"""`audit schema`."""

from __future__ import annotations

import json


def schema(of: str) -> int:
    """Print a JSON Schema on stdout."""
    from audit.formats.json import report_schema
    from audit.policy.model import Policy

    head = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    found = report_schema() if of == "report" else {**head, **Policy.model_json_schema()}
    print(json.dumps(found, indent=2))
    return 0
