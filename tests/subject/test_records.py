"""Records of many fields are built by keyword: two fields of one type cannot be swapped unseen."""

from __future__ import annotations

from dataclasses import fields

import pytest

from audit.data.dataset import Dataset
from audit.subject.predictions import Classified, Regressed
from audit.subject.scoring import ScoringResult
from audit.subject.sources import BoundModel
from audit.subject.subject import Subject


@pytest.mark.parametrize("record", [Subject, BoundModel, Dataset, ScoringResult, Classified, Regressed])
def test_every_field_is_named(record: type) -> None:
    assert all(field.kw_only for field in fields(record))
