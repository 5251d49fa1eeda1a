"""Whether labels find the predictions that they are about."""

from __future__ import annotations

import numpy as np

from .store import LABEL, PREDICTION, UNINDEXED, LabelStore

__all__ = ["unmatched"]

_DAY = 86_400.0
_FEWEST = 1_000
_JOINED_SHARE = 0.05
_LABELLED_SHARE = 0.5


def unmatched(store: LabelStore, now: float, maturity: float | None) -> bool:
    """Whether the latest labels that should have found a prediction have not, and predictions have no others.

    Looked at are the newest 1,000 waiting labels that are older than the maturity, or than a day without one, and the
    predictions since the first of them. A log that holds a small sample of the predictions beside all labels is no fault: its
    predictions have labels.
    """
    flags, time = store.columns["flags"][: store.size], store.columns["time"][: store.size]
    settled = time < now - (_DAY if maturity is None else maturity)
    kind = flags & (PREDICTION | LABEL)
    waiting = time[settled & (kind == LABEL)]
    if len(waiting) < _FEWEST:
        return False
    first = float(np.partition(waiting, -_FEWEST)[-_FEWEST])
    same = settled & (flags & (PREDICTION | UNINDEXED) == PREDICTION) & (time >= first)
    joined = int(np.count_nonzero(same & (kind == PREDICTION | LABEL)))
    predictions = int(np.count_nonzero(same))
    return joined < _JOINED_SHARE * (joined + _FEWEST) and joined <= _LABELLED_SHARE * predictions
