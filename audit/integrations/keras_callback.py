"""Audits what a Keras training exports, when the training ends."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from keras.callbacks import Callback

from audit.integrations.hosted_audit import PolicySource, audit_hosted, setting
from audit.result import Report


class AuditCallback(Callback):  # type: ignore[misc]  # Keras has no types
    """Exports the model at the end of `fit`, audits the export, and adds the verdict to the logs.

    It has to come after callbacks that change the weights when a training ends, as
    ``EarlyStopping(restore_best_weights=True)`` does: what is audited is the model as it is when its turn comes.

    ``logs["audit_verdict"]`` is ``pass``, ``fail`` or ``inconclusive``, for callbacks that come after this one. The
    training ends as it would, whatever the verdict; an audit that cannot be made ends it with an `AuditError`.

    Args:
        policy: path of an `audit.yaml`, or its content as plain data; the export takes the place of ``model.path``.
        export_to: directory that the model is exported to; a temporary one if None.
        out: directory of the reports.
        overrides: further values of the policy, each as ``key.path=value``.
    """

    def __init__(
        self,
        policy: PolicySource,
        *,
        export_to: str | Path | None = None,
        out: str | Path = "audit-report",
        overrides: Sequence[str] = (),
    ) -> None:
        super().__init__()
        self.report: Report | None = None
        """The report of the last training that ended; None before."""
        self._policy = policy
        self._export_to = export_to
        self._out = Path(out)
        self._overrides = overrides

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Forget the report of an earlier training."""
        self.report = None

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Export, audit, and add the verdict to ``logs``."""
        with tempfile.TemporaryDirectory(prefix="audit-export-") as folder:
            export = Path(self._export_to or folder, "" if self._export_to else "model")
            self.model.export(str(export), verbose=False)
            overrides = [*self._overrides, setting("model.path", export.absolute())]
            self.report = audit_hosted(self._policy, overrides, self._out)
        if logs is not None:
            logs["audit_verdict"] = self.report.verdict
