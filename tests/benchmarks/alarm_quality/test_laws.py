from __future__ import annotations

import math

import msgspec
import numpy as np
import pytest

from benchmarks.alarm_quality import laws
from benchmarks.alarm_quality.laws import LEVELS, MadeUpModel, blocks, categorical, counts, mixed_laws, normal
from model_drift_exporter.reference.binner import Binner
from model_drift_exporter.reference.coded_batch import CodedBatch


def test_normal_levels_have_the_moments_of_the_law() -> None:
    """Location, scale and the share of missing values are what was asked for."""
    values = normal(shift=0.5, scale=2.0, missing=0.25).numbers()
    assert np.isnan(values).mean() == 0.25
    assert np.nanmean(values) == pytest.approx(0.5, abs=1e-6)
    assert np.nanstd(values) == pytest.approx(2.0, rel=1e-3)


def test_counts_are_poisson() -> None:
    """Whole numbers with the shares of the law."""
    values = counts(2.0).numbers()
    assert len(values) == LEVELS
    for number in range(5):
        assert (values == number).mean() == pytest.approx(math.exp(-2) * 2**number / math.factorial(number), abs=1e-4)


def test_categories_fall_by_the_factor() -> None:
    """Each category has its share of the one before."""
    values = list(categorical(3, 0.5).values)
    assert [values.count(name) / LEVELS for name in ("c00", "c01", "c02")] == pytest.approx(
        [4 / 7, 2 / 7, 1 / 7], abs=1e-4
    )
    assert not categorical(3, 0.5).numeric


def test_records_are_binned_as_the_exporter_bins_them() -> None:
    """Cells by way of the table are those of the Binner on the same raw values."""
    model = MadeUpModel(mixed_laws(20), 2_000, seed=3)
    levels = model.levels(500)
    direct, _ = Binner(model.reference).cells(model._records(model.laws, levels))
    assert np.array_equal(model.cells(model.table(), levels), direct)


def test_a_change_moves_only_the_features() -> None:
    """A table of other laws puts the features elsewhere and the score where it was."""
    model = MadeUpModel([normal()] * 2, 2_000, seed=3)
    before, after = model.table(), model.table([normal(shift=1.0)] * 2)
    assert (before[:2] != after[:2]).mean() > 0.5
    assert np.array_equal(before[2:], after[2:])


def test_made_up_streams_are_reproducible() -> None:
    """The same seed gives the same reference and records, another one others."""
    one, same, other = (MadeUpModel([normal()] * 2, 1_000, seed) for seed in (1, 1, 2))
    assert one.reference.fingerprint == same.reference.fingerprint != other.reference.fingerprint
    assert np.array_equal(one.levels(10), same.levels(10))


def test_batches_go_on_in_lines_and_times() -> None:
    """Lines are those of one log, and times the given seconds apart."""
    model = MadeUpModel([normal()] * 2, 1_000, 1)
    first, second = (model.binned(np.zeros((5, 3), dtype=np.int64), start, 2.0) for start in (0, 3))
    assert first.position.tolist() + second.position.tolist() == [0, 1, 2, 3, 4, 5]
    assert np.diff(np.concatenate([first.time, second.time])).tolist() == [2.0] * 5
    assert list(blocks(5, 2)) == [(0, 2), (2, 2), (4, 1)]


class _Rows(msgspec.Struct, frozen=True):
    rows: int


class _RowCount:
    """A part of a reference, as ``profile`` builds it for a monitor."""

    def __init__(self, _: Binner) -> None:
        self._rows = 0

    def count(self, batch: CodedBatch) -> None:
        self._rows += batch.size

    def summary(self) -> _Rows:
        return _Rows(self._rows)


def test_references_have_what_monitors_need(monkeypatch: pytest.MonkeyPatch) -> None:
    """A monitor with a part of its own in the reference runs in the benchmarks, too."""
    monkeypatch.setattr(laws, "PARTS", {"rows": _RowCount})
    assert MadeUpModel([normal()] * 2, 1_000, seed=3).reference.part("rows", _Rows) == _Rows(1_000)
