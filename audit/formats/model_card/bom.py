"""The whole of `model-card.cdx.json`: a bill of materials of CycloneDX 1.6 whose main component is the model."""

import hashlib
import json
import re
import uuid

from audit.formats.model_card.components import audited_model, others, tools
from audit.formats.model_card.fields import Record
from audit.result import Report

_SCHEMA = "http://cyclonedx.org/schema/bom-1.6.schema.json"
_SERIAL_NUMBERS = uuid.uuid5(uuid.NAMESPACE_OID, "savedmodel-audit/model-card")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


def render(report: Report) -> str:
    """Return ``report`` as a CycloneDX document with a model card, in JSON with a line for each key.

    Its serial number follows from its content. But for ``metadata.timestamp`` nothing depends on ``report.run``.
    """
    metadata: Record = {"tools": {"components": tools(report)}, "component": audited_model(report)}
    content: Record = {"version": 1, "metadata": metadata, "components": others(report)}
    serial = uuid.uuid5(_SERIAL_NUMBERS, hashlib.sha256(_json(content).encode()).hexdigest())
    started = str(report.run.get("started"))
    if _TIME.fullmatch(started):
        content["metadata"] = {"timestamp": started, **metadata}
    head = {"$schema": _SCHEMA, "bomFormat": "CycloneDX", "specVersion": "1.6", "serialNumber": serial.urn}
    return _json(head | content) + "\n"


def _json(content: Record) -> str:
    # Lines, but no indentation: that takes the slow encoder, ten seconds for the largest reports.
    return json.dumps(content, ensure_ascii=False, separators=(",\n", ": "))
