"""A subject's model as functions of a matrix of features, found and compiled once in each process.

Another process gets the model's path and the rows that logits are verified on, and finds the same functions there.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property, partial
from threading import Lock
from typing import Any
from uuid import uuid4

import numpy as np

from audit.inputs.features import Column
from audit.inputs.feeds import Feed
from audit.inputs.matrix import Decoder
from audit.model.decision import DecisionRule
from audit.model.logits.logits import Logits, find_logits, uncut_logits
from audit.model.logits.surrogate import SurrogateLogits, find_surrogate
from audit.model.model import Model
from audit.subject.predictor import Predictor

_MAX_RESTORED = 4
_restored_functions: "OrderedDict[str, ModelFunctions]" = OrderedDict()
_lock = Lock()


@dataclass(frozen=True, eq=False)
class ModelFunctions:
    """Functions of a matrix with these ``columns``; ``sample`` are the rows that logits are verified on.

    ``key`` tells the functions of one subject from those of others, in whichever process.
    """

    model: Model
    feeds: Sequence[Feed]
    columns: Sequence[Column]
    decision_rule: DecisionRule
    sample: np.ndarray
    key: str = field(default_factory=lambda: uuid4().hex)

    def __reduce__(self) -> "tuple[Callable[..., ModelFunctions], tuple[Any, ...]]":
        return _restore, tuple(getattr(self, f.name) for f in fields(self))

    @cached_property
    def predictor(self) -> Predictor:
        """The uncut model's scores and decisions."""
        rebuild = partial(getattr, self, "predictor")
        return Predictor(self.model, self.feeds, self.columns, self.decision_rule, rebuild=rebuild)

    @cached_property
    def logits(self) -> Logits:
        """The model's logits, cut out of the graph."""
        head = self.decision_rule.head
        logits = find_logits(self.model, head, self.feeds, self.columns, self.sample)
        return replace(logits, rebuild=partial(getattr, self, "logits"))

    @cached_property
    def uncut_logits(self) -> Logits:
        """The model's logits by its whole signature, for gradients that its cut graph does not have."""
        decoder = Decoder(self.feeds, self.columns)
        logits = uncut_logits(self.model, self.decision_rule.head, decoder, self.columns)
        return replace(logits, rebuild=partial(getattr, self, "uncut_logits"))

    @cached_property
    def surrogate(self) -> SurrogateLogits | None:
        """Logits with straight-through gradients that decide as the model does, None if its graph offers none."""
        surrogate = find_surrogate(self.model, self.decision_rule, self.feeds, self.columns, self.sample)
        return surrogate and replace(surrogate, rebuild=partial(getattr, self, "surrogate"))


def _restore(*values: Any) -> ModelFunctions:
    """Return the functions of another process: those that this one has already, under the same key."""
    functions = ModelFunctions(*values)
    with _lock:
        functions = _restored_functions.setdefault(functions.key, functions)
        _restored_functions.move_to_end(functions.key)
        while len(_restored_functions) > _MAX_RESTORED:
            _restored_functions.popitem(last=False)
    return functions
