"""The seam between numbers and metrics: a monitor counts records and judges outcomes, and says what it has found."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import attrs

from ..evidence.alarm_spec import AlarmSpec
from ..evidence.alarms import Alarms
from ..evidence.settings import EvidenceSettings
from ..metrics.metric import Metric
from ..metrics.samples import Samples
from ..reference.binner import Binner
from ..reference.building.builder import PartMaker
from ..reference.coded_batch import CodedBatch
from ..reference.outcome_batch import OutcomeBatch
from ..reference.profile import Column, ReferenceProfile
from ..settings.values import Window
from .findings import Finding, FindingKind
from .panel import PanelSpec

__all__ = ["COUNTERS", "Monitor", "MonitorContext", "MonitorSpec"]

COUNTERS = "counters"
"""Key of a monitor's state for what only counts up. A reload goes on with it; a restart does not.

A snapshot in a file is older than what Prometheus has scraped. A counter that went on from it would fall, and Prometheus
would take that for a reset and count everything again.
"""

_Section = TypeVar("_Section")
_Part = TypeVar("_Part")


@attrs.frozen(eq=False)
class MonitorContext:
    """What a monitor is made from: one model, its reference and bins, the windows, the settings.

    ``exported`` are the positions of the columns whose series fit the limit; state is kept for all columns. ``alarms`` holds
    the model's alarms, which monitors decide. ``sections`` are the settings of monitors by section.
    """

    model: str
    reference: ReferenceProfile
    binner: Binner
    windows: Sequence[Window]
    exported: Sequence[int]
    alarms: Alarms
    evidence: EvidenceSettings = attrs.field(factory=EvidenceSettings)
    sections: Mapping[str, object] = attrs.field(factory=dict)

    @property
    def columns(self) -> Sequence[Column]:
        """All columns, in the order of :attr:`CodedBatch.cells`."""
        return self.binner.columns

    def part(self, monitor: str, kind: type[_Part]) -> _Part:
        """The monitor's part of the reference, which is there wherever the monitor is on; raises ``KeyError`` elsewhere."""
        if (found := self.reference.part(monitor, kind)) is None:
            raise KeyError(monitor)
        return found

    def settings(self, kind: type[_Section]) -> _Section:
        """The section of this class; its defaults where none was given."""
        return next((each for each in self.sections.values() if isinstance(each, kind)), None) or kind()


class Monitor:
    """Owns its state and its metrics. Time comes with the batches, never from a clock of its own.

    A monitor is made from a :class:`MonitorContext` and overrides what it needs; what it does not override does nothing.
    All methods are called on the reading thread but :meth:`collect` and :meth:`findings`, which are called between batches.
    """

    def export(self, columns: Sequence[int]) -> None:
        """Have series of these columns (positions) and no others from now on, those of ``context.exported`` before.

        The limit of series is known once they are counted. A monitor without series of single columns needs no such method.
        """

    def observe(self, batch: CodedBatch) -> None:
        """Take in records and rejected lines, in the order of their input. ``batch.size`` may be 0."""

    def judge(self, outcomes: OutcomeBatch) -> None:
        """Take in matured outcomes, in the order in which they matured."""

    def collect(self) -> Iterable[Samples]:
        """Current samples; values must not change afterwards.

        The series are all there from the first call on, NaN while they have no value: the limit of series counts them.
        """
        return ()

    def findings(self) -> Iterable[Finding]:
        """What stands now, besides the alarms that are latched: these are findings anyway."""
        return ()

    def not_evaluable(self) -> Collection[str]:
        """Why something cannot be judged now; reasons of ``model_not_evaluable``."""
        return ()

    def snapshot(self) -> Any:
        """State for a snapshot: dictionaries with text keys, lists, texts, numbers, ``None``, bytes and NumPy arrays.

        What stands under :data:`COUNTERS` is for a reload only. Arrays may be views, to be written before the next batch.
        """
        return None

    def restore(self, state: Any) -> None:
        """Go on from :meth:`snapshot` of a monitor with the same reference, before the first batch.

        After a reload windows, exported columns and settings may be others. Raises :class:`StateError` if the state does not
        fit; the monitor is then as new.
        """


@attrs.frozen(eq=False)
class MonitorSpec:
    """A monitor as the list of monitors holds it: all that is known of it before there is a model.

    ``name`` is that of its state in snapshots and of its part of the reference, where it stays for ever. ``settings`` is the
    class of its section, which is called ``section``, or as the monitor. ``applies`` says why it is off for a reference
    (a word for the label ``reason`` of ``model_monitor_off``), empty where it is on. ``reference`` makes the part of the
    reference that ``profile`` builds. It is built when a reference is learned from live records, too, unless ``learned`` is
    false: a part that needs SciPy imports it when it is called, and a learned reference lacks it. Rules, dashboards, pages and
    docs follow from ``metrics``, ``alarms``, ``findings`` and ``panels``. ``reasons`` are those that
    :meth:`Monitor.not_evaluable` may give, each with what the ticket ModelDriftNotEvaluable says: what it means, and what to do
    first.
    """

    name: str
    title: str
    make: Callable[[MonitorContext], Monitor]
    settings: type | None = None
    section: str = ""
    applies: Callable[[ReferenceProfile], str] = lambda _: ""
    reference: PartMaker | None = None
    learned: bool = True
    metrics: tuple[Metric, ...] = ()
    alarms: tuple[AlarmSpec, ...] = ()
    findings: tuple[FindingKind, ...] = ()
    panels: tuple[PanelSpec, ...] = ()
    reasons: Mapping[str, str] = attrs.field(factory=dict)

    def why_off(self, reference: ReferenceProfile) -> str:
        """Why the monitor does not run with this reference; empty where it does. A reference of before may lack its part."""
        if self.reference is not None and self.name not in reference.parts:
            return "reference_without_part"
        return self.applies(reference)
