"""What follows from a counted batch: rollback, alerts and logs. What fails is tried again after the next batch."""

from collections.abc import Iterator
from pathlib import Path

from audit.errors import AuditError
from audit.monitoring.monitor import Monitor, Observation
from audit.policy.model import WebhookSpec


def follow_up(monitor: Monitor, observation: Observation, logs: Path | None = None) -> Iterator[str]:
    """Roll back if that is due, send the alerts that wait, and write logs; yield what a reader should know of it.

    Args:
        monitor: the monitor that made the observation.
        observation: of the batch.
        logs: TensorBoard's directory; None for that of the policy, if any.

    Raises:
        AuditError: an extra is not installed, or the logs cannot be written.
    """
    try:
        if text := monitor.roll_back_if_due(observation):
            yield text
    except AuditError as error:
        yield f"the rollback failed, and the next batch tries it again: {error.where}: {error.found}"
    if webhook := monitor.spec.webhook:  # before the logs: an alert matters more
        yield from _send(monitor, webhook)
    if logs := logs or monitor.logs:
        from audit.monitoring.tensorboard import write

        for run in monitor.store.runs():
            write(logs, run.name, monitor.store.outcomes(run))


def require_equipment(monitor: Monitor, logs: Path | None = None) -> None:
    """Require what alerts, logs and a rollback need, lest an alarm find it missing.

    Raises:
        AuditError: a package, the address of the webhook, or the registry is missing.
    """
    if webhook := monitor.spec.webhook:
        from audit.monitoring.webhook import webhook_url

        webhook_url(webhook.url_env)
    if logs or monitor.logs:
        from audit.monitoring.tensorboard import require_tensorboard

        require_tensorboard()
    if rollback := monitor.spec.rollback:
        from audit.promotion.mlflow_store import parse_target
        from audit.registry.mlflow_connection import connect

        parse_target(rollback.alias)
        connect()


def _send(monitor: Monitor, webhook: WebhookSpec) -> Iterator[str]:
    from audit.monitoring.webhook import deliver, webhook_url

    store = monitor.store
    delivery = deliver(store, webhook_url(webhook.url_env), webhook.format, store.folder / "alerts.lock")
    if delivery.waiting:
        wait = "alert waits" if delivery.waiting == 1 else "alerts wait"
        yield f"{delivery.waiting} {wait} in the store: {delivery.problem}. The next batch sends them again"
