"""The report as Python shows it, and audits without a policy file.

`AuditReport` is what `audit.run` and `audit.load` return; `keyword_policy` makes a policy of keyword arguments.
"""

from audit.notebook.audit_report import AuditReport

__all__ = ["AuditReport"]
