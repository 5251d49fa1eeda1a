from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from model_drift_exporter.statistics.ranks import average_precision, roc_auc


def _sample(seed: int, positives: int = 150, negatives: int = 400) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    generator = np.random.default_rng(seed)
    return (
        np.clip(generator.normal(6, 2.5, positives), 0, 11).astype(np.int64),
        np.clip(generator.normal(4, 2.5, negatives), 0, 11).astype(np.int64),
    )


def test_the_area_is_the_rank_sum() -> None:
    """SciPy's Mann-Whitney statistic over the pairs, ties half."""
    positive, negative = _sample(1)
    found = roc_auc(np.bincount(positive, minlength=12), np.bincount(negative, minlength=12))
    statistic = stats.mannwhitneyu(positive, negative).statistic
    assert found.value == pytest.approx(statistic / (len(positive) * len(negative)), abs=1e-12)


def test_the_interval_is_delongs() -> None:
    """The variance from all pairs, as the paper has it; four times the variance with a design effect of four."""
    positive, negative = _sample(2)
    counts = np.bincount(positive, minlength=12), np.bincount(negative, minlength=12)
    pairs = np.sign(positive[:, None] - negative[None]) / 2 + 0.5
    variance = pairs.mean(axis=1).var(ddof=1) / len(positive) + pairs.mean(axis=0).var(ddof=1) / len(negative)
    found, wide = roc_auc(*counts), roc_auc(*counts, design_effect=4.0)
    assert found.upper - found.value == pytest.approx(1.959963984540054 * math.sqrt(variance), rel=1e-12)
    assert wide.upper - wide.value == pytest.approx(2 * (found.upper - found.value))


def test_one_of_a_kind_has_no_interval() -> None:
    """An area, but nothing about its error."""
    found = roc_auc(np.array([0, 1]), np.array([3, 1]))
    assert found.value == pytest.approx((3 + 0.5) / 4)
    assert math.isnan(found.lower)


def test_average_precision_is_the_sum_over_thresholds() -> None:
    """Precision at each threshold times the recall that it adds, from single scores."""
    positive, negative = _sample(3)
    score, label = np.concatenate([positive, negative]), np.repeat([1, 0], [len(positive), len(negative)])
    expected, recall = 0.0, 0.0
    for threshold in range(11, -1, -1):
        said = score >= threshold
        if said.any():
            reached = label[said].sum() / label.sum()
            expected += (reached - recall) * label[said].mean()
            recall = reached
    found = average_precision(np.bincount(positive, minlength=12), np.bincount(negative, minlength=12))
    assert found.value == pytest.approx(expected, abs=1e-12)
    assert found.lower < found.value < found.upper


def test_intervals_hold_the_truth() -> None:
    """Of both, over samples of one law, about 95 times in 100."""
    truth = _sample(99, 100_000, 266_667)
    areas = [0, 0]
    positive, negative = (np.bincount(each, minlength=12) for each in truth)
    exact = roc_auc(positive, negative).value, average_precision(positive, negative).value
    for seed in range(300):
        positive, negative = (np.bincount(each, minlength=12) for each in _sample(seed))
        for place, found in enumerate((roc_auc(positive, negative), average_precision(positive, negative))):
            areas[place] += found.lower <= exact[place] <= found.upper
    assert min(areas) / 300 >= 0.92
