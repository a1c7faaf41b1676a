"""Files of a batch: its rows, and the labels that came later."""

from dataclasses import dataclass, field

import numpy as np

from audit.data.readers.registry import open_source
from audit.data.source import Source
from audit.errors import AuditError
from audit.policy.model import ResolvedPolicy


@dataclass(frozen=True, kw_only=True)
class BatchFiles:
    """A batch, and the labels that came later, if any; with their digests.

    ``labelled_rows`` are the numbers, from 0, of rows whose labels were counted before. ``is_new`` is whether the batch
    itself has not been counted.
    """

    data: Source
    labels: Source | None
    digest: str
    labels_digest: str
    is_new: bool = True
    labelled_rows: np.ndarray = field(default_factory=lambda: np.empty(0, np.uint64))


def open_batch(policy: ResolvedPolicy, data: str, labels: str | None) -> BatchFiles:
    """Return the files of a batch with their digests; paths are relative to the current directory.

    Raises:
        AuditError: a file is missing or no table, or the labels have no label column.
    """
    for option, path in (("--data", data), ("--labels", labels)):
        if path == "":
            raise AuditError(where=option, expected="the path of a table", found="an empty text")
    source = open_source(data, None, policy.data.csv)
    late = open_source(labels, None, policy.data.csv) if labels else None
    if late:
        late.require([policy.data.label])
        _require_unlabelled(source, policy.data.label)
    return BatchFiles(
        data=source, labels=late, digest=source.digest(), labels_digest=late.digest() if late else ""
    )


def _require_unlabelled(source: Source, label: str) -> None:
    if label not in source.schema.names:
        return
    nulls = source.count_nulls(label, numeric=True)
    if nulls < sum(batch.num_rows for batch in source.batches([label])):
        raise AuditError(
            where="--labels",
            expected="labels once: in the batch or in a file of their own",
            found=f"both: the batch has a column {label!r} with values",
            fix="run without --labels: a batch with labels of its own takes no later ones",
        )
