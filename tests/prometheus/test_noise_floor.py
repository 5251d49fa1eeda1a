from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from tests.support.noise_floors import beside_reference, beside_window

_RARER = 1 / np.arange(1, 15)
_TAILS = np.array([1, 9, 40, 50, 100, 150, 150])
_LAWS = {
    "twelve equal bins and four empty": np.r_[np.full(12, 1 / 12), np.zeros(4)],
    "three airports, and nothing special": np.array([0.3, 0.35, 0.35, 0.0, 0.0, 0.0]),
    "rarer and rarer": np.r_[_RARER, 0, 0] / _RARER.sum(),
    "thin tails and four empty": np.r_[_TAILS, _TAILS[::-1], 0, 0, 0, 0] / (2 * _TAILS.sum()),
    "a rare one": np.array([0.98, 0.02, 0.0, 0.0]),
}
_SIZES = (20, 40, 400, 3_000)


def _index(now: npt.NDArray[np.int64], before: npt.NDArray[np.int64]) -> float:
    """The mean over pairs of windows, smoothed as everywhere."""
    p, q = ((counts + 0.5) / (counts.sum(axis=1, keepdims=True) + counts.shape[1] / 2) for counts in (now, before))
    return float(((p - q) * np.log(p / q)).sum(axis=1).mean())


@pytest.mark.parametrize("law", _LAWS)
@pytest.mark.parametrize("rows", [3_000, 20_000])
@pytest.mark.parametrize("observations", _SIZES)
def test_the_floor_beside_a_reference_is_what_chance_alone_gives(law: str, rows: int, observations: int) -> None:
    """The formula is within 10 % of the mean index of simulated windows of the reference's law."""
    generator = np.random.default_rng([observations, rows])
    references = generator.multinomial(rows, _LAWS[law], size=8_000)
    windows = generator.multinomial(observations, _LAWS[law], size=8_000)
    expected = beside_reference(references, observations).mean()
    assert expected == pytest.approx(_index(windows, references), rel=0.1)


@pytest.mark.parametrize("law", _LAWS)
@pytest.mark.parametrize(("now", "before"), [(n, m) for n in _SIZES for m in _SIZES] + [(40, 80)])
def test_the_floor_beside_another_window_is_what_chance_alone_gives(law: str, now: int, before: int) -> None:
    """The formula is within 15 % of the mean index of simulated pairs of windows of one law, of whatever sizes."""
    generator = np.random.default_rng([now, before])
    windows = [generator.multinomial(size, _LAWS[law], size=8_000) for size in (now, before)]
    assert beside_window(*windows).mean() == pytest.approx(_index(*windows), rel=0.15)
