"""The evaluator ``audit`` of ``mlflow.models.evaluate``."""

import math
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
from mlflow.models.evaluation.artifacts import JsonEvaluationArtifact
from mlflow.models.evaluation.base import EvaluationResult, ModelEvaluator

from audit.errors import AuditError, did_you_mean, quote_list
from audit.formats.json import REPORT_FILE
from audit.registry.metrics import metric_name
from audit.result import Report

VERDICT_TAG = "audit_verdict"
"""Tag of the run: ``pass``, ``fail`` or ``inconclusive``, and `NOT_AUDITED` until there is a verdict."""

NOT_AUDITED = "not audited"
PASS_METRIC = "audit_pass"
"""1 for a verdict of pass, 0 for anything else: for thresholds of ``mlflow.validate_evaluation_results``."""

_KEYS = ("policy", "model")
_KEY_OF_MLFLOW = "col_mapping"
_FLAVORS = frozenset({"tensorflow", "keras"})
_FOLDER = "audit"


class AuditEvaluator(ModelEvaluator):  # type: ignore[misc]  # MLflow has no types
    """Audits the model that MLflow evaluates, on its rows, and logs verdict, metrics and reports to the run.

    ``evaluator_config`` may have two keys. ``policy`` is the path of an `audit.yaml`, or its content as plain data,
    where version, ``model.path``, ``data.path`` and ``data.label`` may be left out, since MLflow's model and data take
    their place; without it the default rules apply. ``model`` is the directory of an MLflow model that was saved and
    not logged: MLflow does not tell an evaluator where it lies.
    """

    @classmethod
    def can_evaluate(cls, *, model_type: str, evaluator_config: Mapping[str, Any] | None, **_: Any) -> bool:
        """Return whether ``evaluator_config`` is none, or one of this evaluator.

        Without ``evaluators``, MLflow asks each installed evaluator, with the settings of others.

        Raises:
            AuditError: a key is likely a misspelt one of this evaluator's.
        """
        keys = [key for key in evaluator_config or {} if key != _KEY_OF_MLFLOW]
        unknown = [key for key in keys if key not in _KEYS]
        likely = [key for key in unknown if did_you_mean(key, _KEYS)]
        if likely or (unknown and len(unknown) < len(keys)):
            raise _unknown_key((likely or unknown)[0])
        return model_type in ("classifier", "regressor") and not unknown

    def evaluate(
        self,
        *,
        model_type: str,
        dataset: Any,
        run_id: str,
        evaluator_config: Mapping[str, Any] | None,
        model: Any = None,
        **_: Any,
    ) -> EvaluationResult | None:
        """Audit, log to the run, and return metrics and reports; the verdict raises nothing.

        Nothing is returned, or logged, for a model of another library than TensorFlow or Keras if no key of
        ``evaluator_config`` asks for the audit; MLflow then raises an error unless another evaluator returns something.

        Raises:
            AuditError: the audit cannot be made.
        """
        from audit.integrations.hosted_audit import (  # late: MLflow loads every evaluator
            audit_hosted,
            setting,
        )

        config = dict(evaluator_config or {})
        if not (config.keys() & set(_KEYS) or _FLAVORS & _flavors(model).keys()):
            return None
        client = mlflow.MlflowClient()
        client.set_tag(run_id, VERDICT_TAG, NOT_AUDITED)
        client.log_metric(run_id, PASS_METRIC, 0.0)
        with tempfile.TemporaryDirectory(prefix="audit-mlflow-") as folder:
            out = Path(folder, "reports")
            label = str(dataset.targets_name or "label")
            path = _write_rows(dataset, label, Path(folder, "rows.parquet"))
            overrides = [
                "version=1",
                setting("model.path", _model_folder(model, config.get("model"), folder)),
                setting("data.path", path),
                setting("data.label", label),
                *(
                    ["model.output=regression"]
                    if model_type == "regressor" and "policy" not in config
                    else []
                ),
            ]
            report = audit_hosted(config.get("policy", {}), overrides, out)
            client.log_artifacts(run_id, str(out), _FOLDER)
        metrics = dict(_metrics(report))
        for name, value in metrics.items():
            client.log_metric(run_id, name, value)
        client.set_tag(run_id, VERDICT_TAG, report.verdict)
        uri = f"{client.get_run(run_id).info.artifact_uri}/{_FOLDER}/{REPORT_FILE}"
        return EvaluationResult(metrics, {"audit_report": JsonEvaluationArtifact(uri)}, run_id)


def _unknown_key(key: str) -> AuditError:
    return AuditError(
        where="evaluator_config",
        expected=f"the keys {quote_list(_KEYS)}",
        found=f"{key!r}{did_you_mean(key, _KEYS)}",
    )


def _flavors(model: Any) -> Mapping[str, Any]:
    return getattr(getattr(model, "metadata", None), "flavors", None) or {}


def _write_rows(dataset: Any, label: str, file: Path) -> Path:
    """Write the features and labels that MLflow evaluates the model on."""
    if not dataset.has_targets:
        raise AuditError(where="mlflow.models.evaluate", expected="labels, named by 'targets'", found="none")
    rows = pd.DataFrame(dataset.features_data, copy=True)
    rows.columns = pd.Index([str(name) for name in dataset.feature_names])
    if label in rows.columns:
        raise AuditError(
            where="mlflow.models.evaluate",
            expected=f"features of another name than the label, {label!r}",
            found="a feature of that name",
            fix="give the rows as a DataFrame, and the label's column as 'targets'",
        )
    rows.assign(**{label: dataset.labels_data}).to_parquet(file, index=False)
    return file


def _model_folder(model: Any, folder: str | None, temporary: str) -> Path:
    """Return the directory of the MLflow model: ``folder`` if it is the model's, else a copy from MLflow's store."""
    metadata = getattr(model, "metadata", None)
    if folder is not None:
        saved = mlflow.models.Model.load(str(folder))
        if metadata is None or saved.model_uuid != metadata.model_uuid:
            raise AuditError(
                where="evaluator_config: model",
                expected="the directory of the model that is evaluated",
                found=f"{folder}, which has another model_uuid",
            )
        return Path(folder).absolute()
    if metadata is not None and metadata.model_id:
        uri = f"models:/{metadata.model_id}"
    elif metadata is not None and metadata.run_id:
        uri = f"runs:/{metadata.run_id}/{metadata.artifact_path}"
    else:
        raise AuditError(
            where="mlflow.models.evaluate",
            expected="a model that was logged, so that its files can be found",
            found="one that was not, or a function",
            fix="log the model, or name the directory that it was saved in: "
            "evaluator_config={'policy': …, 'model': DIRECTORY}",
        )
    return Path(mlflow.artifacts.download_artifacts(uri, dst_path=f"{temporary}/model"))


def _metrics(report: Report) -> Iterator[tuple[str, float]]:
    """Yield the metrics of the run: whether the audit passed, rules by status, and finite values that rules are on."""
    yield PASS_METRIC, float(report.verdict == "pass")
    statuses = [rule.status for rule in report.rules]
    for status in ("pass", "fail", "inconclusive", "waived"):
        yield f"audit_rules_{status}", float(statuses.count(status))
    for rule in report.rules:
        for measurement in rule.measurements:
            if math.isfinite(measurement.value):
                yield metric_name(measurement), float(measurement.value)
