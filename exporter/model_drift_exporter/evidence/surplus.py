"""Which records are no evidence: copies, and what comes in a minute beyond what a minute usually holds."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np

from ..errors import StateError
from ..reference.binner import Binner
from ..reference.coded_batch import CodedBatch
from ..reference.usual_copies import UsualCopies
from .copy_table import CopyTable
from .usual_minute import UsualMinute

__all__ = ["SurplusRecords"]

_MINUTE = 60.0


class SurplusRecords:
    """Marks records of one model that are no evidence, in their order. They count in bins, windows and counters all the same.

    Without ``usual``, what the reference knows of copies, no record is a copy.
    """

    def __init__(self, model: str, binner: Binner, usual: UsualCopies | None) -> None:
        self._name = f"model {model}"
        self._copies = CopyTable(usual, binner.columns, binner.starts) if usual is not None else None
        self._minute = UsualMinute(usual.minute if usual is not None else 0)

    def mark(self, batch: CodedBatch) -> CodedBatch:
        """The batch with what is no evidence; the same one where all is."""
        if not batch.size:
            return batch
        minute = np.floor(batch.now / _MINUTE).astype(np.int64)
        copied = self._copies.copies(batch, minute) if self._copies is not None else None
        beyond = self._minute.beyond(minute, None if copied is None else ~copied)
        if copied is None and beyond is None:
            return batch
        surplus = beyond if copied is None else copied if beyond is None else copied | beyond
        return attrs.evolve(batch, copied=copied, surplus=surplus)

    def snapshot(self) -> dict[str, Any]:
        copies = self._copies.snapshot() if self._copies is not None else None
        return {"copies": copies, "minute": self._minute.snapshot()}

    def restore(self, state: Any) -> None:
        """Go on from :meth:`snapshot`; raises :class:`StateError` if it does not fit."""
        try:
            self._minute.restore(state["minute"])
            if self._copies is not None and state["copies"] is not None:
                self._copies.restore(state["copies"])
        except (LookupError, TypeError, ValueError) as error:
            raise StateError(f"{self._name}: what is no evidence does not fit in the snapshot: {error!r}") from error
