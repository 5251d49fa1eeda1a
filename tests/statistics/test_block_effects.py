from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from model_drift_exporter.statistics.block_effects import FEWEST_BLOCKS, BlockSums, shown_effects

Array = npt.NDArray[np.float64]
ONE = np.ones(1)


def _sums(values: Array, length: int) -> BlockSums:
    """Of equal blocks of one series."""
    blocks = values.reshape(-1, length).sum(axis=1)
    numbers = (len(blocks), len(values), blocks.sum(), (blocks**2 / length).sum())
    return BlockSums(*(np.array([float(number)]) for number in numbers))


def _levels(days: int, length: int, deviation: float, seed: int = 1) -> Array:
    """Numbers of variance 1 around a level of each day."""
    random = np.random.default_rng(seed)
    noise: Array = random.standard_normal(days * length) + np.repeat(deviation * random.standard_normal(days), length)
    return noise


def test_a_level_of_each_day_is_worth_one_record_a_day() -> None:
    """Blocks of n records whose level varies by s standard deviations have a design effect of 1 + n s²."""
    found = _sums(_levels(400, 500, 0.3), 500)
    assert found.ratios(ONE)[0] == pytest.approx(1 + 500 * 0.3**2, rel=0.15)
    shown = shown_effects(found, ONE, 0 * ONE, ONE)[0]
    assert shown == pytest.approx(found.ratios(ONE)[0] * (1 + 2 * (2 / 400) ** 0.5))


def test_independent_records_show_nothing_at_thousands_of_looks() -> None:
    """Rare indicators neither, whose block sums are skew: their kurtosis is allowed for."""
    random = np.random.default_rng(2)
    for share in (0.5, 0.002):
        variance, excess = share * (1 - share), 1 / (share * (1 - share)) - 6
        for _ in range(1_000):
            values: Array = (random.random(40 * 50) < share).astype(np.float64) - share
            found = shown_effects(_sums(values, 50), variance * ONE, excess * ONE, ONE)
            assert found.tolist() == [1.0]


def test_what_is_allowed_for_is_not_shown_again() -> None:
    """A level of each day that the reference shows costs nothing more; one that is twice as far off is shown."""
    allowed = 1 + 500 * 0.3**2
    assert shown_effects(_sums(_levels(60, 500, 0.3), 500), ONE, 0 * ONE, allowed * ONE)[0] == 1.0
    assert shown_effects(_sums(_levels(60, 500, 0.6), 500), ONE, 0 * ONE, allowed * ONE)[0] > 2 * allowed


def test_a_ratio_that_is_certain_and_small_is_not_shown() -> None:
    """A tenth more variance in a hundred thousand blocks is beyond chance, and makes no difference."""
    values: Array = np.float64(1.1**0.5) * np.random.default_rng(3).standard_normal(1_000_000)
    found = _sums(values, 10)
    assert found.ratios(ONE)[0] > 1.08
    assert shown_effects(found, ONE, 0 * ONE, ONE)[0] == 1.0


def test_few_blocks_show_nothing() -> None:
    """However far apart they are. Neither does a constant."""
    few = int(FEWEST_BLOCKS) - 1
    assert shown_effects(_sums(_levels(few, 5_000, 5.0), 5_000), ONE, 0 * ONE, ONE)[0] == 1.0
    assert shown_effects(_sums(_levels(few + 2, 5_000, 5.0), 5_000), ONE, 0 * ONE, ONE)[0] > 1_000
    assert shown_effects(_sums(np.zeros(1_000), 10), 0 * ONE, 0 * ONE, ONE)[0] == 1.0
