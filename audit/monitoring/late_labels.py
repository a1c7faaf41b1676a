"""Labels that come in a file of their own, later than their rows, and are joined to them by a key column."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from audit.data.category_codes import NULL_CODE, Coder
from audit.data.source import Source
from audit.errors import AuditError, did_you_mean, quote_list
from audit.policy.model import ResolvedPolicy

KEY = "monitoring.key"


class LateLabels:
    """Labels by key; a batch of rows is given those of its keys.

    Args:
        source: the file of labels, with the label's column.
        key: column that both files have.
        label: the label's column.
    """

    def __init__(self, source: Source, key: str, label: str) -> None:
        source.require_single([key, label])
        self.key = key
        keys, self._labels = Coder(key), []
        for batch in source.batches([key, label]):
            keys.add(batch.column(key))
            self._labels.append(batch.column(label))
        codes = keys.codes()
        if not len(codes):
            raise AuditError(
                where=source.path, expected="at least one label", found="no rows after the header"
            )
        if (codes == NULL_CODE).any():
            row = int((codes == NULL_CODE).argmax()) + 1
            raise AuditError(where=source.place(row), expected=f"a key in column {key!r}", found="none")
        rows_by_key = np.bincount(codes)
        if rows_by_key.max() > 1:
            raise _repeated(source, key, keys.values[int(rows_by_key.argmax())])
        self._rows = dict(zip(keys.values, np.argsort(codes).tolist(), strict=True))
        self._values = pa.chunked_array(self._labels).combine_chunks()

    def of(self, keys: pa.Array) -> pa.Array:
        """Return the label of each key, null where there is none."""
        coder = Coder(self.key)
        coder.add(keys)
        rows = [self._rows.get(value) for value in coder.values]
        codes = coder.codes()
        places = pa.array([*rows, None], pa.int64()).take(
            pa.array(np.where(codes == NULL_CODE, len(rows), codes), pa.int64())
        )
        return self._values.take(places)


def key_column(policy: ResolvedPolicy, batch: Sequence[str], labels: Sequence[str]) -> str:
    """Return the column that rows and labels are joined by: ``monitoring.key``, or the one that both files have.

    Raises:
        AuditError: there is none, or there are several and the policy names none.
    """
    key = policy.monitoring.key
    if key is None:
        shared = [name for name in labels if name in batch and name != policy.data.label]
        if len(shared) == 1:
            return shared[0]
        raise AuditError(
            where=KEY,
            expected="the column that batch and labels are joined by",
            found=f"several that both have: {quote_list(shared)}" if shared else "no column that both have",
            fix=f"set {KEY}: COLUMN" if shared else "write the rows' keys into both files",
        )
    for where, names in (("--data", batch), ("--labels", labels)):
        if key not in names:
            raise AuditError(
                where=where,
                expected=f"the key column {key!r} ({KEY}){did_you_mean(key, names)}",
                found=f"columns {quote_list(names)}",
                fix="write the rows' keys into both files",
            )
    return key


def _repeated(source: Source, key: str, value: str) -> AuditError:
    return AuditError(
        where=f"{source.path}: column {key!r}",
        expected="each key once",
        found=f"{value!r} several times",
        fix="keep one label for each row",
    )
