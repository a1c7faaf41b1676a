"""pytest plug-in: `pytest audit.yaml` makes a test of each rule of a policy.

Every run of pytest in an environment with the package imports this module, so that it imports nothing else of the
package until a policy is collected. PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from audit.integrations.pytest_items import PolicyFile

ENTRY_POINT = "audit"
"""Name of the plug-in's entry point in ``pytest11``, as ``-p no:audit`` takes it."""

OUTCOMES = pytest.StashKey[Path]()
"""The folder in which the processes of a session hand each other the outcomes of audits; made by the first audit."""

_FROM_CONTROLLER = "audit_outcomes"


def pytest_plugin_registered(plugin: object, plugin_name: str, manager: pytest.PytestPluginManager) -> None:
    """Keep the module from being registered a second time, by ``-p`` or ``pytest_plugins`` beside its entry point."""
    if plugin is sys.modules[__name__]:
        for name in {ENTRY_POINT, __name__} - {plugin_name}:
            manager.set_blocked(name)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the plug-in's options."""
    group = parser.getgroup("audit", "audits of models (savedmodel-audit)")
    group.addoption(
        "--audit-undecided",
        choices=("fail", "skip"),
        default="fail",
        help="Outcome of a rule that could not be decided: fail (default) or skip.",
    )
    group.addoption(
        "--audit-out",
        metavar="DIR",
        help="Where the reports go (default: audit-report/ beside audit.yaml, NAME.audit-report/ beside "
        "NAME.audit.yaml).",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Choose the folder of the outcomes: workers of pytest-xdist take their controller's."""
    of_controller = getattr(config, "workerinput", {}).get(_FROM_CONTROLLER)
    own_folder = f"{tempfile.gettempdir()}/audit-pytest-{os.urandom(16).hex()}"
    config.stash[OUTCOMES] = Path(of_controller or own_folder)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Hand the folder of the outcomes to a worker of pytest-xdist."""
    node.workerinput[_FROM_CONTROLLER] = str(node.config.stash[OUTCOMES])


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the folder of the outcomes once all workers have ended."""
    if OUTCOMES in config.stash and not hasattr(config, "workerinput"):
        shutil.rmtree(config.stash[OUTCOMES], ignore_errors=True)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> PolicyFile | None:
    """Collect ``audit.yaml`` and ``*.audit.yaml`` where the command line (or ``testpaths``) names the file itself.

    In a folder among tests they are left alone: an audit takes minutes, and a model.
    """
    is_policy = file_path.name == "audit.yaml" or file_path.name.endswith(".audit.yaml")
    if not (is_policy and parent.session.isinitpath(file_path)):
        return None
    from audit.integrations.pytest_items import PolicyFile

    return PolicyFile.from_parent(parent, path=file_path, outcomes=parent.config.stash[OUTCOMES])
