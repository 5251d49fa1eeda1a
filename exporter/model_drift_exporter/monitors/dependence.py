"""How dependent the reference's rows are, and its season: why evidence on this model grows as slowly as it does."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Self

from ..metrics.samples import Samples, Series
from ..reference.binning import CodedBatch
from ..reference.profile import FEATURE, PREDICTION, SCORE, ReferenceProfile
from ..reference.seasons import ABSENT_REASONS
from ..statistics.performance import BOUNDED_ERROR
from .base import MonitorContext

__all__ = ["DependenceMonitor"]


class DependenceMonitor:
    """Design effects and season slots of the reference; these are constant, there is no state."""

    def __init__(self, context: MonitorContext) -> None:
        reference, model = context.reference, context.model
        exported = [context.columns[position] for position in context.exported]
        self._samples = []
        for role in (FEATURE, PREDICTION, SCORE):
            columns = [column for column in exported if column.role == role]
            if columns:
                labels = [(model, column.name) if role == FEATURE else (model,) for column in columns]
                effects = [column.design_effect for column in columns]
                self._samples.append(Series(f"model_{role}_design_effect", labels).samples(effects))
        losses = _loss_design_effects(reference)
        if losses:
            series = Series("model_loss_design_effect", [(model, loss) for loss in losses])
            self._samples.append(series.samples([*losses.values()]))
        slots = reference.season.slots if reference.season is not None else 0
        self._samples.append(Series("model_reference_season_slots", [(model,)]).samples([slots]))
        absent = Series("model_reference_season_absent", [(model, reason) for reason in ABSENT_REASONS])
        self._samples.append(absent.samples([int(reason == reference.season_absent) for reason in ABSENT_REASONS]))

    def observe(self, batch: CodedBatch) -> None:
        """Live records do not change the reference."""

    def tick(self, now: float) -> None:
        """A reference has no clock."""

    def take_over(self, old: Self) -> None:
        """See :class:`Monitor`."""

    def collect(self) -> Iterable[Samples]:
        """See :class:`Monitor`."""
        return self._samples

    def snapshot(self) -> Any:
        """See :class:`Monitor`."""
        return None

    def restore(self, state: Any) -> None:
        """See :class:`Monitor`."""


def _loss_design_effects(reference: ReferenceProfile) -> dict[str, float]:
    """Of the loss that pages."""
    if reference.outcomes is None:
        return {}
    name = "zero_one" if reference.task == "classification" else BOUNDED_ERROR
    return {name: reference.outcomes.harm.design_effect}
