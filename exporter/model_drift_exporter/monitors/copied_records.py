"""How many records are copies of others: they count once as evidence."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from ..errors import StateError
from ..evidence.copy_table import MINUTES_TOGETHER
from ..metrics.metric import Group, Metric, counter, gauge
from ..metrics.samples import Samples, Series
from ..reference.building.copy_survey import CopySurvey
from ..reference.coded_batch import CodedBatch
from ..reference.usual_copies import USUAL_COPIES, UsualCopies
from ..words import percent
from .findings import NOTE, Finding, FindingKind
from .monitor import COUNTERS, Monitor, MonitorContext, MonitorSpec
from .panel import PanelQuery, PanelSpec

__all__ = ["COPIES", "CopiesMonitor"]

_COPIES = counter(
    "model_copied_records_total",
    "model",
    "Records that are copies of others within ten minutes, beyond what is usual: counted, and no evidence.",
    Group.MODELS,
)
_SHARE = gauge("model_copied_records_share", "model", "Share of the last hour's records that are copies.", Group.MODELS)
_BURSTS = counter(
    "model_burst_records_total",
    "model",
    "Records beyond what a minute of the model may add to evidence, twice what one usually holds.",
    Group.MODELS,
)
_METRICS: tuple[Metric, ...] = (_COPIES, _SHARE, _BURSTS)

_PANES = 6
_PANE = 60.0 * MINUTES_TOGETHER
_MOST_ORIGINALS = 256
"""Records with copies that are told apart in ten minutes; where there are more, they are many."""

_LEAST_SHARE, _FEWEST = 0.05, 20
"""Of the last hour's records: what is worth a word."""

_MOSTLY = 0.9
"""Of all copies: then they are copies of one record."""

_NONE = np.empty(0, dtype=np.uint64)


@attrs.define(eq=False)
class _Pane:
    """Ten minutes: records, copies, and how many copies each fingerprint has; ``None`` where there are too many."""

    number: int
    records: int = 0
    copies: int = 0
    originals: dict[int, int] | None = attrs.field(factory=dict)

    def add(self, records: int, copied: NDArray[np.uint64]) -> None:
        self.records += records
        self.copies += len(copied)
        if self.originals is None or not len(copied):
            return
        found, counts = np.unique(copied, return_counts=True)
        if len(found) <= _MOST_ORIGINALS:
            for fingerprint, number in zip(found.tolist(), counts.tolist(), strict=True):
                self.originals[fingerprint] = self.originals.get(fingerprint, 0) + number
        if len(found) > _MOST_ORIGINALS or len(self.originals) > _MOST_ORIGINALS:
            self.originals = None


class CopiesMonitor(Monitor):
    """``model_copied_records_total`` and what belongs to it, from what is marked before any monitor gets records."""

    def __init__(self, context: MonitorContext) -> None:
        context.part(USUAL_COPIES, UsualCopies)
        self._panes: list[_Pane] = []
        self._copies = self._bursts = 0
        self._series = [Series(metric, [(context.model,)]) for metric in _METRICS]

    def observe(self, batch: CodedBatch) -> None:
        if not batch.size:
            return
        if batch.surplus is not None:
            copies = 0 if batch.copied is None else int(batch.copied.sum())
            self._copies += copies
            self._bursts += int(batch.surplus.sum()) - copies
        for first, last in pairwise(_bounds(batch.now)):
            copied = batch.fingerprints[first:last][batch.copied[first:last]] if batch.copied is not None else _NONE
            self._pane(int(batch.now[first] // _PANE)).add(last - first, copied)

    def _pane(self, number: int) -> _Pane:
        if not self._panes or self._panes[-1].number != number:
            kept = [pane for pane in self._panes if number - _PANES < pane.number < number]
            self._panes = [*kept, _Pane(number)]
        return self._panes[-1]

    @property
    def _share(self) -> float:
        """The share of copies in the last hour; NaN before the first record."""
        records = sum(pane.records for pane in self._panes)
        return sum(pane.copies for pane in self._panes) / records if records else math.nan

    def findings(self) -> Iterable[Finding]:
        copies, share = sum(pane.copies for pane in self._panes), self._share
        if copies < _FEWEST or share < _LEAST_SHARE:
            return
        originals: Counter[int] = Counter()
        for pane in self._panes:
            originals.update(pane.originals or {})
        told = all(pane.originals is not None for pane in self._panes)
        if told and max(originals.values()) >= _MOSTLY * copies:
            of = "one record"
        else:
            of = f"{len(originals):,} records" if told else "many records"
        text = f"{percent(share)} of the last hour's records are copies of {of}. They count once in ten minutes as evidence."
        yield Finding("records_copied", NOTE, text, figures={"copied_records_share": share})

    def collect(self) -> Iterable[Samples]:
        for series, value in zip(self._series, (self._copies, self._share, self._bursts), strict=True):
            yield series.samples([value])

    def snapshot(self) -> dict[str, Any]:
        panes = [
            {
                "number": pane.number,
                "records": pane.records,
                "copies": pane.copies,
                "originals": None if pane.originals is None else np.array([*pane.originals], dtype=np.uint64),
                "times": np.array([*(pane.originals or {}).values()], dtype=np.int64),
            }
            for pane in self._panes
        ]
        return {"panes": panes, COUNTERS: [self._copies, self._bursts]}

    def restore(self, state: Any) -> None:
        try:
            panes = [
                _Pane(
                    int(each["number"]),
                    int(each["records"]),
                    int(each["copies"]),
                    None
                    if each["originals"] is None
                    else dict(zip(map(int, each["originals"]), map(int, each["times"]), strict=True)),
                )
                for each in state["panes"]
            ]
            copies, bursts = map(int, state.get(COUNTERS, (0, 0)))
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise StateError(f"the copies in the snapshot do not fit: {error!r}") from error
        self._panes, self._copies, self._bursts = panes, copies, bursts


def _bounds(now: NDArray[np.float64]) -> list[int]:
    """Where ten minutes begin among records, and where the records end: of the last hour, since earlier ones are over."""
    if now.min() // _PANE == now.max() // _PANE:
        return [0, len(now)]
    number = np.floor(now / _PANE)
    return [0, *(np.flatnonzero(number[1:] != number[:-1]) + 1).tolist(), len(now)][-_PANES - 1 :]


COPIES = MonitorSpec(
    name=USUAL_COPIES,
    title="Copies",
    make=CopiesMonitor,
    reference=CopySurvey,
    metrics=_METRICS,
    findings=(
        FindingKind(
            "records_copied",
            "Many records are copies of others: somebody sends them again. They count once as evidence.",
        ),
    ),
    panels=(
        PanelSpec(
            "copies",
            "Copies of records",
            "Share of the last hour's records that are copies of others, more often than in the reference. Good: near 0. They "
            "count once as evidence. If it is high, ask who calls the model or delivers its log: something sends the same again.",
            (PanelQuery(_SHARE, legend="copies"),),
            "The reference lacks this part (build it again), or no record has come.",
            unit="percentunit",
        ),
    ),
)
