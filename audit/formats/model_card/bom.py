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
_START = '"version": 1,\n"metadata": {'
_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})"
)


def render(report: Report) -> str:
    """Return ``report`` as a CycloneDX document with a model card, in JSON with a line for each key.

    Its serial number follows from its content. But for ``metadata.timestamp`` nothing depends on ``report.run``.
    """
    metadata: Record = {"tools": {"components": tools(report)}, "component": audited_model(report)}
    content = _json({"version": 1, "metadata": metadata, "components": others(report)})
    serial = uuid.uuid5(_SERIAL_NUMBERS, hashlib.sha256(content.encode()).hexdigest())
    head = _json(
        {"$schema": _SCHEMA, "bomFormat": "CycloneDX", "specVersion": "1.6", "serialNumber": serial.urn}
    )
    # The time goes into the finished text: a second pass over a hundred thousand metrics takes as long as the first.
    return f"{head[:-1]},\n{_START}{_timestamp(report)}{content.removeprefix('{' + _START)}\n"


def _timestamp(report: Report) -> str:
    started = str(report.run.get("started"))
    return f'"timestamp": "{started}",\n' if _TIME.fullmatch(started) else ""


def _json(content: Record) -> str:
    # Lines, but no indentation: that takes the slow encoder, ten seconds for the largest reports.
    return json.dumps(content, ensure_ascii=False, separators=(",\n", ": "))
