from __future__ import annotations

import re

import numpy as np

from model_drift_exporter.statistics import STATISTICS, CellLayout, ColumnCells, Comparison, NoDrift, NoiseFloorModel

_LAYOUT = CellLayout.from_columns([ColumnCells(6, (0.0, 0.5, 2.0, 3.0), 1.0), ColumnCells(3)])
_COUNTS = np.array([0, 400, 300, 0, 20, 0, 400, 300, 20])


def test_statistics_are_told_apart() -> None:
    """By name, which ends a metric's, and by title."""
    assert len({each.name for each in STATISTICS}) == len({each.title for each in STATISTICS}) == len(STATISTICS)
    for each in STATISTICS:
        assert re.fullmatch(r"[a-z][a-z0-9_]*", each.name)
        assert each.help.endswith(".")
        assert not each.reading or each.reading.endswith(".")


def test_a_statistic_has_a_value_for_each_column_that_it_is_for() -> None:
    """And so has its noise floor, which is of the size of the statistic where nothing has moved."""
    draws = np.random.default_rng(3)
    rows = [draws.multinomial(500, part / part.sum(), size=300) for part in (_COUNTS[:6], _COUNTS[6:])]
    comparison = Comparison(np.concatenate(rows, axis=1), _COUNTS, _LAYOUT)
    null = NoDrift(NoiseFloorModel(_LAYOUT, _COUNTS), np.full(2, 500.0))
    for each in STATISTICS:
        value = each.value(comparison)
        assert value.shape == (300, 2), each.name
        assert np.isnan(value).any(axis=0).tolist() == [False, each.numeric_only], each.name
        if each.noise_floor is not None:
            floor = each.noise_floor(null)
            assert np.isnan(floor).tolist() == [False, each.numeric_only], each.name
            ratio = value.mean(axis=0)[:1] / floor[:1]
            assert ((ratio > 0.3) & (ratio < 1.5)).all(), (each.name, ratio)
