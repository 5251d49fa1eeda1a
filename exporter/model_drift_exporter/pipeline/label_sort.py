"""Labels from logs of their own in the order of their times, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import attrs
import numpy as np

from ..array_spool import SpoolStore
from ..records.batches import Decoded
from ..sorted_rows import SortedRows
from .label_rows import LabelRows
from .merge import times_of

__all__ = ["labels_by_time"]

_SPOOL_BYTES = 8 << 20


def labels_by_time(batches: Iterable[Decoded]) -> Iterator[Decoded]:
    """The labels of all batches in the order of their times, whatever files they came in; all are read first.

    A label without a time stays with those before it. Rejected lines are left out: they concern no model. Labels wait as rows in
    bounded memory: those beyond it stand in a temporary file.
    """
    with SpoolStore(_SPOOL_BYTES) as store:
        table = LabelRows(store)
        sorted_rows = {text: SortedRows(table.kind, store) for text in (False, True)}
        last = dict.fromkeys(sorted_rows, -np.inf)
        for decoded in batches:
            labels = decoded.labels
            if labels is not None:
                times = times_of(labels)
                known = ~np.isnan(times)
                keys = np.concatenate([[last[labels.text]], times[known]])[np.cumsum(known)]
                last[labels.text] = float(keys[-1])
                sorted_rows[labels.text].add(keys, table.rows(labels))
        for text, rows in sorted_rows.items():
            number = 0
            for _, block in rows.blocks():
                for own in table.parts(block):
                    part = table.batch(own, text=text)
                    yield Decoded(labels=attrs.evolve(part, position=part.position + number), lines=part.size)
                    number += part.size
