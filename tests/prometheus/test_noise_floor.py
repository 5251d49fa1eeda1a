from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from prometheus.src.roles import ROLES
from tests.prometheus.floors import beside_reference, beside_window
from tests.prometheus.promtool import check_values, labelled, series

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
_REFERENCE = [3_000, 1_200, 300, 40, 2, 0]
_COUNTS = {
    "two windows alike": ([60, 30, 9, 1, 0, 0], [70, 33, 10, 0, 0, 1], _REFERENCE),
    "windows of two sizes": ([4, 1, 0, 0, 0, 0], [300, 120, 30, 4, 2, 0], _REFERENCE),
    "one value each": ([0, 1, 0, 0, 0, 0], [0, 1, 0, 0, 0, 0], _REFERENCE),
    "a reference without rare bins": ([40, 40, 40, 0, 0, 0], [60, 60, 60, 0, 0, 0], [100] * 6),
}


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


_COLUMN = {"model": "churn", "feature": "age"}
_WEEK = 7 * 24


def _inputs(now: list[int], before: list[int], reference: list[int]) -> list[dict[str, str]]:
    """What the rules read: pieces of an hour for eight days, a reference, and who has it."""
    target, last = {"job": "model", "instance": "one"}, f"x{_WEEK + 30}"
    found = [series("model_info", f"1{last}", model="churn", version="8", reference="f00d", **target)]
    pieces = ROLES[0].of_cell("observations", "increase1h")
    for number, (count, old, row) in enumerate(zip(now, before, reference, strict=True)):
        name = {**_COLUMN, "bin": f"b{number:02d}"}
        found.append(series(pieces, f"{old}x48 {count}x{_WEEK}", **name, reference="f00d"))
        found.append(
            series("model_feature_reference_observations", f"{row}{last}", **name, lower="", upper="", **target)
        )
    return found


@pytest.mark.parametrize("case", _COUNTS)
def test_the_rules_ask_prometheus_for_this_formula(case: str, tmp_path: Path) -> None:
    """Prometheus computes from the counts of a window, a reference and the week before what NumPy does."""
    now, before, reference = _COUNTS[case]
    floor = "model_reference_feature:feature_psi_noise_floor"
    own = labelled("", **_COLUMN, reference="f00d")
    day, week_before = 24 * np.array(now), 24 * np.array(before)
    expected = {
        f"{floor}:reference24h": {own: float(beside_reference(np.array(reference), int(day.sum())))},
        f"{floor}:lastweek24h": {own: float(beside_window(day, week_before))},
    }
    files = ("counts.yml", "drift-24h.yml")
    check_values(
        tmp_path, _inputs(now, before, reference), expected, at="192h", interval="1h", evaluation="24h", files=files
    )
