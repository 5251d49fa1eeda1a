"""Pure functions on arrays of bin counts: distances between two samples, and their expected values without drift."""

from __future__ import annotations

from .distance_measures import (
    SMOOTHING,
    DriftStatistics,
    chi2,
    chi2_zscore,
    compare,
    jensen_shannon_divergence,
    kolmogorov_smirnov,
    population_stability_index,
    shares,
    total_variation,
    wasserstein_ratio,
)
from .layout import BooleanArray, CellLayout, ColumnCells, FloatArray, IndexArray
from .noise_floor import NoiseFloorModel, NoiseFloors
from .registry import STATISTICS
from .statistic import Comparison, NoDrift, Statistic

__all__ = [
    "SMOOTHING",
    "STATISTICS",
    "BooleanArray",
    "CellLayout",
    "ColumnCells",
    "Comparison",
    "DriftStatistics",
    "FloatArray",
    "IndexArray",
    "NoDrift",
    "NoiseFloorModel",
    "NoiseFloors",
    "Statistic",
    "chi2",
    "chi2_zscore",
    "compare",
    "jensen_shannon_divergence",
    "kolmogorov_smirnov",
    "population_stability_index",
    "shares",
    "total_variation",
    "wasserstein_ratio",
]
