from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from prometheus.src.roles import ROLES
from tests.support.noise_floors import beside_reference, beside_window
from tests.support.promtool import check_values
from tests.support.rule_series import labelled, series

_REFERENCE = [3_000, 1_200, 300, 40, 2, 0]
_COUNTS = {
    "two windows alike": ([60, 30, 9, 1, 0, 0], [70, 33, 10, 0, 0, 1], _REFERENCE),
    "windows of two sizes": ([4, 1, 0, 0, 0, 0], [300, 120, 30, 4, 2, 0], _REFERENCE),
    "one value each": ([0, 1, 0, 0, 0, 0], [0, 1, 0, 0, 0, 0], _REFERENCE),
    "a reference without rare bins": ([40, 40, 40, 0, 0, 0], [60, 60, 60, 0, 0, 0], [100] * 6),
}
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
