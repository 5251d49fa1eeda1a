from __future__ import annotations

import attrs
import numpy as np
import pytest

from model_drift_exporter.statistics import CellLayout, ColumnCells, Comparison, NoDrift, NoiseFloorModel, NoiseFloors

_LAYOUT = CellLayout.from_columns([ColumnCells(6, (0.0, 0.5, 2.0, 3.0), 1.0), ColumnCells(3)])
_COUNTS = np.array([0, 40, 30, 0, 2, 0, 40, 30, 2])


@pytest.mark.parametrize("before", [None, np.array([[30.0, 30.0], [0.0, 0.0]])])
def test_the_baseline_without_drift_is_a_sample_or_the_reference(before: np.ndarray | None) -> None:
    """The shared floors are the model's for that baseline, and its law and layout are at hand."""
    model = NoiseFloorModel(_LAYOUT, _COUNTS)
    observations = np.array([[50.0, 50.0], [200.0, 200.0]])
    null = NoDrift(model, observations, before)
    expected = model.reference_floors(observations) if before is None else model.floors(observations, before)
    for field in attrs.fields(NoiseFloors):
        np.testing.assert_array_equal(getattr(null.floors, field.name), getattr(expected, field.name))
    assert null.floors is null.floors
    assert null.layout is _LAYOUT
    assert null.law.rows.tolist() == [72.0, 72.0]


def test_a_comparison_computes_once() -> None:
    """What the distances share."""
    comparison = Comparison(_COUNTS, _COUNTS[::-1], _LAYOUT)
    assert comparison.statistics is comparison.statistics
