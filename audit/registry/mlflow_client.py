"""Client of an MLflow registry: typed methods, bounded waiting, and errors that say what to do."""

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from audit.errors import AuditError, did_you_mean, quote_list
from audit.registry.mlflow_errors import NotRegistered, translated, without_password

T = TypeVar("T")

PLACEHOLDER = "audit://promotions/no-files"
"""Source of versions that hold tags only: servers take an absolute address of a scheme that they do not know."""

_OF_REQUESTS = {  # by MLflow's defaults, a server that does not answer takes a quarter of an hour
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}
_PAGE = 1000  # the most that MLflow takes or gives in one request


@dataclass(frozen=True, kw_only=True)
class RegisteredVersion:
    """A version of a registered model.

    ``source`` is where its files came from, ``run_id`` is "" without a run, ``created`` in milliseconds since 1970.
    """

    name: str
    number: int
    source: str
    run_id: str
    tags: Mapping[str, str]
    status: str
    created: int


class RegistryClient:
    """Models, versions, aliases and tags of a registry; each method raises an AuditError if it cannot be done.

    Args:
        mlflow: MLflow's own client, for what has no method here: call it through `ask`.
        uri: address of the registry.
    """

    def __init__(self, mlflow: Any, uri: str) -> None:
        self._mlflow = mlflow
        self.uri = uri

    def ask(self, where: str, call: Callable[[Any], T]) -> T:
        """Return what ``call`` returns for MLflow's client; ``where`` is what an error is about.

        Raises:
            NotRegistered: there is no such model, version or run.
            AuditError: the registry cannot be reached, or refuses.
        """
        with environment(_OF_REQUESTS), translated(mlflow_exception(), where, self.uri):
            return call(self._mlflow)

    def aliases(self, name: str) -> dict[str, int]:
        """Return the versions of a registered model by alias.

        Raises:
            NotRegistered: there is no such model; the message names the nearest.
        """
        try:
            model = self.ask(f"models:/{name}", lambda mlflow: mlflow.get_registered_model(name))
        except NotRegistered:
            raise self._unknown_model(name) from None
        return {alias: int(version) for alias, version in model.aliases.items()}

    def alias_version(self, name: str, alias: str) -> int | None:
        """Return the version that an alias names, None if the model has no such alias."""
        return self.aliases(name).get(alias)

    def set_alias(self, name: str, alias: str, version: int) -> None:
        """Let an alias name a version."""
        place = f"models:/{name}@{alias}"
        self._overwrite(place, lambda mlflow: mlflow.set_registered_model_alias(name, alias, str(version)))

    def delete_alias(self, name: str, alias: str) -> None:
        """Take an alias away; no error if there is none."""
        self.ask(f"models:/{name}@{alias}", lambda mlflow: mlflow.delete_registered_model_alias(name, alias))

    def version(self, name: str, number: int) -> RegisteredVersion:
        """Return a version of a registered model.

        Raises:
            NotRegistered: there is no such model or version; the message names those there are.
        """
        place = f"models:/{name}/{number}"
        try:
            return _version(self.ask(place, lambda mlflow: mlflow.get_model_version(name, str(number))))
        except NotRegistered:
            self.aliases(name)  # an unknown model has its own message
            numbers = [version.number for version in self.versions(name)]
            raise NotRegistered(
                where=place,
                expected="a registered version",
                found=f"no such version of {name!r}",
                fix=f"its versions: {quote_list(numbers)}",
            ) from None

    def versions(self, name: str) -> list[RegisteredVersion]:
        """Return all versions of a registered model by rising number; none if there is no such model."""
        quote = '"' if "'" in name else "'"
        versions: list[Any] = []
        token = None
        while True:
            search = {
                "filter_string": f"name={quote}{name}{quote}",
                "max_results": _PAGE,
                "page_token": token,
            }
            page = self.ask(f"models:/{name}", partial(_search, search))
            versions += page
            if not (token := page.token):
                return sorted(map(_version, versions), key=lambda version: version.number)

    def create_registered_model(self, name: str) -> None:
        """Create a registered model; no error if there is one of this name."""

        def create(mlflow: Any) -> None:
            with _exists_already():
                mlflow.create_registered_model(name)

        self.ask(f"models:/{name}", create)

    def create_version(self, name: str, tags: Mapping[str, str]) -> int:
        """Create a version that holds tags and no files, and return its number: atomic and without gaps."""

        def create(mlflow: Any) -> Any:
            return mlflow.create_model_version(name, PLACEHOLDER, tags=dict(tags), await_creation_for=0)

        return int(self.ask(f"models:/{name}", create).version)

    def set_version_tag(self, name: str, number: int, key: str, value: str) -> None:
        """Set a tag of a version; MLflow keeps 100,000 characters."""
        place = f"models:/{name}/{number}"
        self._overwrite(place, lambda mlflow: mlflow.set_model_version_tag(name, str(number), key, value))

    def set_run_tag(self, run_id: str, key: str, value: str) -> None:
        """Set a tag of a run."""
        self._overwrite(run_id, lambda mlflow: mlflow.set_tag(run_id, key, value))

    def experiment(self, name: str) -> str:
        """Return the id of the experiment of this name, which is created if there is none."""

        def create(mlflow: Any) -> Any:
            with _exists_already():
                mlflow.create_experiment(name)
            return mlflow.get_experiment_by_name(name)

        existing = self.ask(name, lambda mlflow: mlflow.get_experiment_by_name(name))
        return str((existing or self.ask(name, create)).experiment_id)

    def register_logged(self, name: str, model_id: str, tags: Mapping[str, str]) -> int:
        """Create a version whose files are those of a logged model, and return its number."""

        def create(mlflow: Any) -> Any:
            source = f"models:/{model_id}"
            return mlflow.create_model_version(
                name, source, tags=dict(tags), model_id=model_id, await_creation_for=0
            )

        return int(self.ask(f"models:/{name}", create).version)

    def create_logged_model(self, name: str) -> str:
        """Create a logged model without files in MLflow's active experiment, and return its id."""
        from mlflow.tracking.fluent import _get_experiment_id

        model = self.ask(name, lambda mlflow: mlflow.create_logged_model(_get_experiment_id(), name))
        return str(model.model_id)

    def discard_logged_model(self, model_id: str) -> None:
        """Mark a logged model as failed and delete it, as far as the registry can still be reached."""
        with suppress(AuditError):
            self.ask(model_id, lambda mlflow: mlflow.finalize_logged_model(model_id, "FAILED"))
            self.ask(model_id, lambda mlflow: mlflow.delete_logged_model(model_id))

    def upload(self, model_id: str, folder: Path, place: str | None = None) -> None:
        """Upload what is in ``folder`` to a logged model, into its directory ``place`` if one is given."""
        self.ask(
            f"models:/{model_id}", lambda mlflow: mlflow.log_model_artifacts(model_id, str(folder), place)
        )

    def log_metrics(self, run_id: str, values: Mapping[str, float], model_id: str | None) -> None:
        """Log metrics to a run, and to the logged model that they are about, if it is one: the run's input."""
        from mlflow.entities import LoggedModelInput, Metric

        now = int(time.time() * 1000)
        metrics = [
            Metric(key, value, now, 0, model_id=model_id, run_id=run_id) for key, value in values.items()
        ]

        def log(mlflow: Any) -> None:
            if model_id:
                mlflow.log_inputs(run_id, models=[LoggedModelInput(model_id)])
            for start in range(0, len(metrics), _PAGE):
                mlflow.log_batch(run_id, metrics=metrics[start : start + _PAGE])

        self.ask(run_id, log)

    def download(self, address: str, folder: Path) -> Path:
        """Download the files at an address that MLflow takes into ``folder``, an empty directory; return their place.

        Raises:
            AuditError: they are not there, or cannot be reached.
        """
        from mlflow.artifacts import download_artifacts

        place = self.ask(address, lambda _: download_artifacts(artifact_uri=address, dst_path=str(folder)))
        return Path(place)

    def _overwrite(self, where: str, write: Callable[[Any], object]) -> None:
        """Ask for a write that can be repeated.

        MLflow reads a row before it writes it, so that the database refuses the later of two writers, whose second
        request finds the row of the first.
        """

        def twice(mlflow: Any) -> None:
            try:
                write(mlflow)
            except mlflow_exception() as error:
                if error.error_code != "BAD_REQUEST":
                    raise
                write(mlflow)

        self.ask(where, twice)

    def _unknown_model(self, name: str) -> NotRegistered:
        models = self.ask(
            f"models:/{name}", lambda mlflow: mlflow.search_registered_models(max_results=_PAGE)
        )
        names = [model.name for model in models]
        return NotRegistered(
            where=f"models:/{name}",
            expected="a registered model",
            found=f"no model {name!r}{did_you_mean(name, names)} in {without_password(self.uri)}",
            fix=f"registered models: {quote_list(names)}",
        )


def _search(arguments: Mapping[str, object], mlflow: Any) -> Any:
    return mlflow.search_model_versions(**arguments)


def _version(version: Any) -> RegisteredVersion:
    return RegisteredVersion(
        name=version.name,
        number=int(version.version),
        source=version.source or "",
        run_id=version.run_id or "",
        tags=dict(version.tags),
        status=version.status,
        created=int(version.creation_timestamp),
    )


@contextmanager
def _exists_already() -> Iterator[None]:
    """Pass over MLflow's refusal to create what is there."""
    try:
        yield
    except mlflow_exception() as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise


def mlflow_exception() -> Any:
    """Return the type of MLflow's exceptions."""
    from mlflow.exceptions import MlflowException

    return MlflowException


@contextmanager
def environment(values: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables that are unset, and unset them afterwards."""
    unset = {name: value for name, value in values.items() if name not in os.environ}
    os.environ.update(unset)
    try:
        yield
    finally:
        for name in unset:
            os.environ.pop(name, None)
