"""Every mask over the networks of 24 columns: as weak as without the mask, or a bound that decides no rule."""

from __future__ import annotations

import pytest

from .masks import HEADS, MASKS
from .test_masked_gradients import Run, run, worst

__all__ = ["run"]  # the fixture


@pytest.mark.parametrize("kind", HEADS[:3])
@pytest.mark.parametrize("name", MASKS)
def test_no_mask_hides_anything(run: Run, kind: str, name: str) -> None:
    masked, bare = run(kind, MASKS[name]), run(kind)
    (found,) = masked.rules[0].measurements
    bound_only = found.method == "clopper-pearson-upper"
    assert worst(masked) <= worst(bare) + 0.05 or (bound_only and masked.rules[0].status != "pass")
