"""The seam between binned records and metrics: a monitor counts, and says what it has found."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol, Self

import attrs

from ..evidence.alarms import Alarms
from ..evidence.settings import EvidenceSettings, LossSettings
from ..metrics.samples import Samples
from ..reference.binner import Binner, CodedBatch
from ..reference.outcome_batch import OutcomeBatch
from ..reference.profile import Column, ReferenceProfile
from ..settings.values import Window

__all__ = ["Monitor", "MonitorContext", "OutcomeMonitor"]


@attrs.frozen(eq=False)
class MonitorContext:
    """What a monitor is made from: one model, its reference and bins, the windows.

    ``exported`` are the positions of the columns whose series fit the limit; state is kept for all columns. ``alarms`` holds
    the model's alarms, which monitors decide.
    """

    model: str
    reference: ReferenceProfile
    binner: Binner
    windows: Sequence[Window]
    exported: Sequence[int]
    alarms: Alarms
    evidence: EvidenceSettings = attrs.field(factory=EvidenceSettings)
    loss: LossSettings = attrs.field(factory=LossSettings)

    @property
    def columns(self) -> Sequence[Column]:
        """All columns, in the order of :attr:`CodedBatch.cells`."""
        return self.binner.columns


class Monitor(Protocol):
    """Owns its state and its metrics. Time comes with the batches and ticks, never from a clock of its own."""

    @property
    def name(self) -> str:
        """Its state has this name in snapshots, where it stays the same whatever the class is called. No two have one name."""
        ...

    def observe(self, batch: CodedBatch) -> None:
        """Take in a batch; called on the reading thread, in the order of the records."""
        ...

    def tick(self, now: float) -> None:
        """Event time has reached ``now`` (seconds since the epoch); called after the batches that brought it there."""
        ...

    def take_over(self, old: Self) -> None:
        """Go on with what another monitor of this kind has counted, before the first batch.

        Called after a reload that left the model's reference and so its bins as they were. Windows and the exported
        columns may be others; ``old`` is not used again.
        """
        ...

    def collect(self) -> Iterable[Samples]:
        """Current samples; values must not change afterwards."""
        ...

    def snapshot(self) -> Any:
        """State for a snapshot: dictionaries with text keys, lists, texts, numbers, ``None``, bytes and NumPy arrays."""
        ...

    def restore(self, state: Any) -> None:
        """Go on from :meth:`snapshot` of a monitor with the same reference, before the first batch.

        Raises :class:`StateError` if the state does not fit; the monitor is then as new.
        """
        ...


class OutcomeMonitor(Protocol):
    """Owns what it makes of matured outcomes, and its metrics."""

    @property
    def name(self) -> str:
        """See :class:`Monitor`."""
        ...

    def observe(self, outcomes: OutcomeBatch) -> None:
        """Take in matured outcomes, in order; called on the reading thread."""
        ...

    def take_over(self, old: Self) -> None: ...

    def collect(self) -> Iterable[Samples]: ...

    def snapshot(self) -> Any: ...

    def restore(self, state: Any) -> None: ...
