"""Isolation of plug-ins: a check's mistakes do not change what other checks measure.

It guards against carelessness, not against malice: a plug-in runs with all rights of the process.
"""

import os
import random
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy, deepcopy
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    from audit.subject.subject import Subject

_COPIED = (
    "policy",
    "warnings",
    "scores",
    "attributes",
    "weights",
    "clusters",
    "model_facts",
    "data_facts",
    "features",
)
"""Attributes of a subject that hold plain data: a plug-in gets them as copies that share read-only arrays."""


def private_view(subject: "Subject") -> "Subject":
    """Return ``subject`` for a plug-in: arrays read-only, all other data copied, nothing it caches shared."""
    view = copy(subject)
    for name in _COPIED:
        if name in vars(subject):
            arrays = list(_arrays(vars(subject)[name]))
            for array in arrays:
                array.setflags(write=False)
            vars(view)[name] = deepcopy(vars(subject)[name], {id(array): array for array in arrays})
    return view


def _arrays(value: object) -> "Iterator[np.ndarray[Any, Any]]":
    """Yield the arrays in a record, list, tuple or dict, at any depth."""
    import numpy as np

    if isinstance(value, np.ndarray):
        yield value
    elif is_dataclass(value):
        for field in fields(value):
            yield from _arrays(getattr(value, field.name))
    elif isinstance(value, dict | list | tuple):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _arrays(item)


@contextmanager
def process_state_restored(restored: bool) -> Iterator[None]:
    """Restore afterwards, if ``restored``, what a plug-in may change of the process by mistake.

    That is the environment, the working directory, warning filters, and the global random generators of Python and
    numpy. All threads share these: what another one changes meanwhile is undone too.
    """
    if not restored:
        yield
        return
    import numpy as np

    environment = dict(os.environ)
    folder = os.getcwd()
    python_random = random.getstate()
    numpy_random = np.random.get_state()
    try:
        with warnings.catch_warnings():
            yield
    finally:
        for name in os.environ.keys() - environment.keys():
            del os.environ[name]
        # only what differs is written: other threads may be reading it
        os.environ.update(dict(environment.items() - os.environ.items()))
        os.chdir(folder)
        random.setstate(python_random)
        np.random.set_state(numpy_random)
