from __future__ import annotations

import math

import pytest
from hypothesis import given

from model_drift_exporter.records.raw_values import numbers, text_of
from tests.support.raw_values import COLUMNS, as_float


@pytest.mark.parametrize("cell", ["2024_01", "1_000", "\N{ARABIC-INDIC DIGIT THREE}", "\N{FULLWIDTH DIGIT TWO}"])
def test_what_only_python_takes_for_a_number_is_none(cell: str) -> None:
    """A period with an underscore, or digits of another script, are text; the cells beside them stay numbers."""
    array, invalid = numbers(["1.5", cell, ""], text=True)
    assert invalid == [1]
    assert (array[0], math.isnan(array[1]), math.isnan(array[2])) == (1.5, True, True)


@given(COLUMNS)
def test_numbers_and_what_is_none(values: list[object]) -> None:
    """Each value is a float, NaN because it is missing, or NaN and listed because it is something else."""
    array, invalid = numbers(values)
    for index, (value, number) in enumerate(zip(values, array.tolist(), strict=True)):
        if value is None or (isinstance(value, float) and math.isnan(value)):
            assert math.isnan(number)
            assert index not in invalid
        elif isinstance(value, bool) or not isinstance(value, int | float):
            assert math.isnan(number)
            assert index in invalid
        else:
            assert number == as_float(value)
            assert index not in invalid
    assert invalid == sorted(set(invalid))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a", "a"),
        ("", ""),
        (True, "true"),
        (False, "false"),
        (1, "1"),
        (1.0, "1"),
        (-0.0, "0"),
        (0.5, "0.5"),
        (1e22, "1e+22"),
        (math.inf, "inf"),
        (math.nan, None),
        (None, None),
        ([1], None),
        ({}, None),
    ],
)
def test_classes_by_name(value: object, text: str | None) -> None:
    """1 and 1.0 are one class, true is another; what has no name is none."""
    assert text_of(value) == text
