"""How far a column has moved, in words."""

from __future__ import annotations

import math

import attrs
import numpy as np
import pytest

from model_drift_exporter.service.status import BinStatus, ColumnStatus
from model_drift_exporter.web.page.movement import biggest_changes, bin_words, movement, noise_limit
from tests.support.page_statuses import column


def _with(psi: float | None, floor: float | None, filled: int = 19) -> ColumnStatus:
    bins = tuple(BinStatus(f"b{index:02}", "", 1 if index < filled else 0, 1) for index in range(20))
    statistics, floors = ({} if value is None else {"psi": value} for value in (psi, floor))
    return attrs.evolve(column("x"), statistics=statistics, noise_floors=floors, bins=bins)


def test_the_noise_limit_is_five_standard_deviations_above_the_floor() -> None:
    """With 19 filled bins, χ² has 18 degrees of freedom: its relative standard deviation is sqrt(2 / 18)."""
    assert noise_limit(_with(0.1, 0.02)) == pytest.approx(0.02 * (1 + 5 * math.sqrt(2 / 18)))


@pytest.mark.parametrize(
    ("psi", "floor", "state"),
    [(None, 0.01, "unknown"), (0.5, None, "unknown"), (0.02, 0.01, "within"), (0.03, 0.01, "little"), (0.15, 0.01, "moved"),
     (0.3, 0.01, "far"), (0.3, 0.2, "within")],
)  # fmt: skip
def test_movement_needs_both_size_and_evidence(psi: float | None, floor: float | None, state: str) -> None:
    """A large PSI among few values is within its noise; a small one among many is only a little."""
    assert movement(_with(psi, floor)) == state


def test_nothing_moves_when_nothing_has_changed() -> None:
    """Of 2,000 samples from the reference itself, at most two count as moved."""
    generator = np.random.default_rng(7)
    masses = np.full(18, 1 / 18)
    moved = 0
    for _ in range(2000):
        reference, current = generator.multinomial(20_000, masses), generator.multinomial(1000, masses)
        smooth = [(each + 0.5) / (each + 0.5).sum() for each in (reference, current)]
        psi = float(((smooth[1] - smooth[0]) * np.log(smooth[1] / smooth[0])).sum())
        bins = tuple(
            BinStatus(str(i), "", int(was), int(now))
            for i, (was, now) in enumerate(zip(reference, current, strict=True))
        )
        state = movement(attrs.evolve(_with(psi, 17 * (1 / 1000 + 1 / 20_000)), bins=bins))
        moved += state != "within"
    assert moved <= 2


def test_the_biggest_gain_and_loss_are_named() -> None:
    """Special bins come in plain words, with their shares before and after."""
    bins = [BinStatus("UA", "UA", 50, 20), BinStatus("B6", "B6", 50, 50), BinStatus("__missing__", "", 0, 30)]
    said = biggest_changes(bins).replace("\u202f", " ")
    assert said == "more missing (0 % → 30.0 %), fewer UA (50.0 % → 20.0 %)"


def test_no_change_is_not_worth_a_word() -> None:
    """Equal shares and an empty window say nothing."""
    assert biggest_changes([BinStatus("a", "a", 10, 20), BinStatus("b", "b", 10, 20)]) == ""
    assert biggest_changes([BinStatus("a", "a", 10, 0), BinStatus("b", "b", 1, 0)]) == ""


def test_an_empty_category_still_has_a_name() -> None:
    """The empty string as a category would be invisible."""
    assert bin_words(BinStatus("", "", 1, 1)) == "(empty text)"
    assert bin_words(BinStatus("__above__", "anything", 1, 1)) == "above the reference's range"
