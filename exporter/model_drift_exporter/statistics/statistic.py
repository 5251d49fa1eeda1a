"""What an effect size is: how it is called, computed and read, and what it is without any drift."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

import attrs
import numpy.typing as npt

from .distance_measures import DriftStatistics, compare
from .layout import CellLayout, FloatArray
from .noise_floor import NoiseFloorModel, NoiseFloors
from .reference_law import ReferenceLaw

__all__ = ["Comparison", "NoDrift", "Statistic"]


@attrs.define(slots=False, eq=False)
class Comparison:
    """Current counts ``[..., C]`` and baseline counts of the same shape. Statistics share intermediate results."""

    current: npt.NDArray[Any]
    baseline: npt.NDArray[Any]
    layout: CellLayout

    @cached_property
    def statistics(self) -> DriftStatistics:
        """The distances that share intermediate results."""
        return compare(self.current, self.baseline, self.layout)


@attrs.define(slots=False, eq=False)
class NoDrift:
    """Windows of so many ``observations`` ``[..., K]`` without drift, from which a noise floor is computed.

    The baseline is another sample of the reference's law, of ``baseline_observations`` ``[..., K]``, or the reference itself
    where that is ``None``.
    """

    model: NoiseFloorModel
    observations: FloatArray
    baseline_observations: FloatArray | None = None

    @property
    def layout(self) -> CellLayout:
        """Where each column's cells are."""
        return self.model.layout

    @property
    def law(self) -> ReferenceLaw:
        """The law behind the reference: counts, rows, expected shares."""
        return self.model.law

    @cached_property
    def floors(self) -> NoiseFloors:
        """The noise floors that share intermediate results."""
        if self.baseline_observations is None:
            return self.model.reference_floors(self.observations)
        return self.model.floors(self.observations, self.baseline_observations)


@attrs.frozen
class Statistic:
    """One effect size. Names of its metrics end with ``name``, and ``help`` is their documentation.

    ``title`` is its heading where people read it, and ``reading`` says what its size means; it is empty for one that only
    programs can read, which is exported but not shown. ``value`` gives ``[..., K]``, NaN where it does not apply.
    ``noise_floor`` gives its expected value without drift, if that is known. ``numeric_only``: categorical columns have none.
    """

    name: str
    title: str
    help: str
    reading: str
    value: Callable[[Comparison], FloatArray]
    noise_floor: Callable[[NoDrift], FloatArray] | None = None
    numeric_only: bool = False
