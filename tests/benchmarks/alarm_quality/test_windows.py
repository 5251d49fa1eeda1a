from __future__ import annotations

import math
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import ks_2samp

from benchmarks.alarm_quality.windows import FiringWindows, WindowRules, ks_rejects, psi


def test_psi_of_hand_made_histograms() -> None:
    """It is symmetric, 0 for equal shares, and an empty bin counts as a share of 0.0001."""
    assert psi(np.array([10.0, 30.0]), np.array([1.0, 3.0])) == pytest.approx(0.0)
    assert psi(np.array([3.0, 1.0]), np.array([1.0, 1.0])) == pytest.approx(0.25 * math.log(1.5) + 0.25 * math.log(2))
    assert psi(np.array([1.0, 0.0]), np.array([1.0, 1.0])) == pytest.approx(
        0.5 * math.log(2) + 0.4999 * math.log(5_000)
    )


@pytest.mark.parametrize("ties", [False, True])
def test_ks_decides_as_scipy(ties: bool) -> None:
    """Away from the limit the decision is that of SciPy's asymptotic test, with ties too."""
    random = np.random.default_rng(1)
    decisions = []
    for shift in (0.0, 0.02, 0.06, 0.1, 0.15, 0.3):
        for _ in range(10):
            reference, values = random.normal(size=5_000), random.normal(shift, 1, 1_000)
            if ties:
                reference, values = reference.round(1), values.round(1)
            chance = ks_2samp(values, reference, method="asymp").pvalue
            if abs(chance - 0.05) > 0.01:
                decisions.append((ks_rejects(values, np.sort(reference)), chance < 0.05))
    assert {expected for _, expected in decisions} == {True, False}
    assert all(found == expected for found, expected in decisions)


def test_alarms_keep_a_cool_down() -> None:
    """While it goes on firing there is one alarm in 1,000 records."""
    windows = FiringWindows()
    for end in range(500, 4_000, 500):
        windows.add(end, fired=end != 2_000)
    assert windows.alarms() == [500, 1_500, 2_500, 3_500]
    assert windows.share == pytest.approx(6 / 7)


def _quantiles(size: int, shift: float = 0.0) -> NDArray[np.float64]:
    law = NormalDist(shift)
    return np.array([law.inv_cdf((place + 0.5) / size) for place in range(size)])


def test_rules_fire_on_what_changed_only() -> None:
    """Both are silent on a clean window; a shift fires both, missing values and new categories PSI only."""
    rules = WindowRules({"x": _quantiles(5_000), "c": ["a", "b"] * 2_500})
    clean: dict[str, Any] = {"x": _quantiles(1_000), "c": ["b", "a"] * 500}
    gaps = clean["x"].copy()
    gaps[::3] = np.nan
    windows = [clean, clean | {"x": _quantiles(1_000, 1.0)}, clean | {"x": gaps}, clean | {"c": ["a", "new"] * 500}]
    for end, window in enumerate(windows):
        rules.window(window, end)
    assert rules.psi.fired == [False, True, True, True]
    assert rules.ks.fired == [False, True, False, False]
