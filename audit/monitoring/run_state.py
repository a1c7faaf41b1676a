"""State of a run between two batches, and its bytes in the store."""

import io
import json
from dataclasses import asdict, dataclass, field

import numpy as np

from audit.monitoring.drift_evidence import DriftState
from audit.monitoring.rule_evidence import LimitState
from audit.stats.eprocess import log_mean


@dataclass(frozen=True)
class RuleState:
    """Evidence on a rule: the state of each limit of each measurement, by a key.

    Its e-value is the mean over ``places``, which are fixed when the rule is first measured: a place without a
    measurement yet has an e-value of 1. ``failing`` has the digests of the last consecutive batches that it fails on.
    """

    limits: dict[str, LimitState] = field(default_factory=dict)
    places: int = 0
    measured: int = 0
    failing: list[str] = field(default_factory=list)
    alarm: bool = False

    @property
    def log_e(self) -> float:
        """Logarithm of the e-value."""
        if not self.places:
            return 0.0
        values = [limit.log_e for limit in self.limits.values()]
        return float(log_mean(np.array([*values, *[0.0] * (self.places - len(values))])))


@dataclass(frozen=True)
class RunState:
    """State of a run between two batches."""

    drift: DriftState
    rules: dict[str, RuleState]
    sequence: int = 0
    alarm: bool = False
    drift_alarm: bool = False
    drift_alarms: list[bool] = field(default_factory=list)


def state_bytes(state: RunState) -> bytes:
    """Return a state as bytes, for `parse_state`."""
    rest = {name: value for name, value in asdict(state).items() if name != "drift"}
    stream = io.BytesIO()
    np.savez_compressed(stream, rest=np.array(json.dumps(rest)), **vars(state.drift))
    return stream.getvalue()


def parse_state(content: bytes) -> RunState:
    """Return the state that `state_bytes` wrote."""
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        rest = json.loads(str(arrays["rest"]))
        drift = DriftState(**{name: arrays[name] for name in DriftState.__dataclass_fields__})
    rules = {
        name: RuleState(
            **{**rule, "limits": {key: LimitState(**limit) for key, limit in rule["limits"].items()}}
        )
        for name, rule in rest.pop("rules").items()
    }
    return RunState(drift=drift, rules=rules, **rest)
