"""Every effect size that is exported. A new one is a function in a module of its own and a line here."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

import attrs
import numpy.typing as npt

from .distance_measures import DriftStatistics, compare
from .layout import CellLayout, FloatArray
from .noise_floor import NoiseFloors

__all__ = ["STATISTICS", "Comparison", "Statistic"]


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


@attrs.frozen
class Statistic:
    """One effect size. Names of its metrics end with ``name``. ``value`` gives ``[..., K]``, NaN where it does not apply.

    ``noise_floor`` picks its expected value without drift, if there is one. ``numeric_only``: categorical columns have none.
    """

    name: str
    help: str
    value: Callable[[Comparison], FloatArray]
    noise_floor: Callable[[NoiseFloors], FloatArray] | None = None
    numeric_only: bool = False


STATISTICS: tuple[Statistic, ...] = (
    Statistic(
        "psi",
        "Population stability index of the window against the baseline.",
        lambda comparison: comparison.statistics.population_stability_index,
        lambda floors: floors.population_stability_index,
    ),
    Statistic(
        "ks_statistic",
        "Kolmogorov-Smirnov statistic over the bin edges, valid numbers only.",
        lambda comparison: comparison.statistics.kolmogorov_smirnov,
        lambda floors: floors.kolmogorov_smirnov,
        numeric_only=True,
    ),
    Statistic(
        "js_divergence",
        "Jensen-Shannon divergence in nats.",
        lambda comparison: comparison.statistics.jensen_shannon_divergence,
        lambda floors: floors.jensen_shannon_divergence,
    ),
    Statistic(
        "wasserstein_ratio",
        "Wasserstein-1 distance in standard deviations of the reference, valid numbers only.",
        lambda comparison: comparison.statistics.wasserstein_ratio,
        lambda floors: floors.wasserstein_ratio,
        numeric_only=True,
    ),
    Statistic(
        "total_variation",
        "Total variation distance.",
        lambda comparison: comparison.statistics.total_variation,
        lambda floors: floors.total_variation,
    ),
    Statistic(
        "chi2",
        "Two-sample chi-square statistic (bins minus one degrees of freedom).",
        lambda comparison: comparison.statistics.chi2,
    ),
    Statistic(
        "chi2_zscore",
        "The chi-square statistic as a standard normal deviate (Wilson-Hilferty).",
        lambda comparison: comparison.statistics.chi2_zscore,
    ),
)
