"""Results of an audit: measurements, decided rules and the report.

Plain frozen dataclasses of the standard library, so that deciding and rendering need no framework.
The field names are those of ``report.json``; `docs/report-format.md` describes them for readers.
"""

from audit.result.evidence import (
    CheckResult,
    CheckStatus,
    Evidence,
    MetricFacts,
    Note,
    SampledRows,
    Table,
    Unasked,
)
from audit.result.measurement import GROUP_KEYS, Baseline, Better, Measurement, Scalar
from audit.result.report import (
    AUDITS,
    MAX_AUDITS,
    BackgroundFacts,
    DataFacts,
    Decision,
    GroupFacts,
    ModelFacts,
    OutputFacts,
    PolicyFacts,
    RegistryFacts,
    Report,
    RuleResult,
    RuleStatus,
    TensorFacts,
    Verdict,
)

__all__ = [
    "AUDITS",
    "GROUP_KEYS",
    "MAX_AUDITS",
    "BackgroundFacts",
    "Baseline",
    "Better",
    "CheckResult",
    "CheckStatus",
    "DataFacts",
    "Decision",
    "Evidence",
    "GroupFacts",
    "Measurement",
    "MetricFacts",
    "ModelFacts",
    "Note",
    "OutputFacts",
    "PolicyFacts",
    "RegistryFacts",
    "Report",
    "RuleResult",
    "RuleStatus",
    "SampledRows",
    "Scalar",
    "Table",
    "TensorFacts",
    "Unasked",
    "Verdict",
]
