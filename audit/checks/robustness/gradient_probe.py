"""The gradient probe: whether attacks may follow a gradient, measured at a sample of rows before any attack."""

from dataclasses import dataclass

import numpy as np

from audit.attacks.gradient_ascent import GradientAscent
from audit.attacks.threat_model import ThreatModel
from audit.checks.robustness import sanity_tests
from audit.checks.robustness.budget import Budget
from audit.checks.robustness.gradient_check import CELLS_PER_SIDE, MAX_COLUMNS, sign_disagreement
from audit.checks.robustness.sanity_tests import Finding
from audit.frameworks.op_errors import is_op_error, without_values
from audit.frameworks.tensorflow_loader import tensorflow
from audit.machine_errors import raise_if_of_memory

_MAX_ROWS = 256
_MAX_IMAGES = 32
_MISLEADING_DISAGREEMENT = 0.5


@dataclass(frozen=True)
class GradientProbe:
    """The worth of a gradient to an attack.

    Attributes:
        missing: why no attack can follow it; None if it may run.
        misleading: why rows that an attack along it does not flip prove nothing, although it runs; None if they do.
        doubt: what it misses although it runs; None if that is little.
        uncut: why it is that of the whole signature; None if it is that of the graph below the head.
        disagreement: the share of the change by small moves whose sign it misses.
        findings: the same as figures.
    """

    missing: str | None = None
    misleading: str | None = None
    doubt: str | None = None
    uncut: str | None = None
    disagreement: float = 0.0
    findings: tuple[Finding, ...] = ()

    @property
    def sound(self) -> bool:
        """Whether it may be followed without a doubt."""
        return self.missing is None and self.misleading is None and self.doubt is None


def max_rows(threat_model: ThreatModel) -> int:
    """Return how many rows suffice for a probe or a test."""
    return _MAX_IMAGES if threat_model.shape else _MAX_ROWS


def sample_size(threat_model: ThreatModel, budget: Budget) -> int:
    """Return how many rows are probed at most: each with moves of every cell or column, either way."""
    evaluations = 4 * CELLS_PER_SIDE**2 if threat_model.shape else 2 * MAX_COLUMNS
    return budget.rows("probe", evaluations, max_rows(threat_model))


def probe(ascent: GradientAscent, x: np.ndarray, classes: np.ndarray) -> GradientProbe:
    """Look for gradients at rows ``x`` ``(rows, columns)``, and compare them with the effects of small moves."""
    try:
        is_zero = np.asarray(~ascent.direction(x, classes).any(1))
    except (LookupError, NotImplementedError, tensorflow().errors.OpError) as error:
        raise_if_of_memory(error)
        return GradientProbe(missing=f"an operation in the model has no gradient ({_first_sentence(error)})")
    zero_share = float(is_zero.mean())
    zero_finding = sanity_tests.test_zero_gradient(is_zero)
    if zero_share == 1:
        return GradientProbe(
            findings=(zero_finding,),
            missing="the model has no gradient with respect to the columns that may be perturbed, at any of "
            f"{len(x):,} probed rows",
        )
    share = sign_disagreement(ascent, x, classes)
    findings = zero_finding, sanity_tests.test_gradient_agreement(share, len(x))
    moves = (
        "regions of an image are perturbed along their gradients"
        if ascent.threat_model.shape
        else "single columns are perturbed"
    )
    text = f"when {moves}, {share:.0%} of the change in log-odds goes against the gradient or has none"
    if share > _MISLEADING_DISAGREEMENT:
        misleading = f"the gradients do not match the model: {text}"
        return GradientProbe(misleading=misleading, disagreement=share, findings=findings)
    doubts = [text] if share > sanity_tests.MAX_SIGN_DISAGREEMENT else []
    if zero_share > sanity_tests.MAX_ZERO_GRADIENT_SHARE:
        doubts.append(f"{zero_share:.0%} of the probed rows have no gradient at all")
    return GradientProbe(doubt="; ".join(doubts) or None, disagreement=share, findings=findings)


def _first_sentence(error: Exception) -> str:
    if is_op_error(error):
        return without_values(error)
    message = str(getattr(error, "message", None) or (error.args[0] if error.args else error))
    return message.strip().splitlines()[0].split(". ")[0][:200] if message.strip() else type(error).__name__
