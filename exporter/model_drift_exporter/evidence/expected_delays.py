"""About how long a change would take until its alarm fires, by the reference alone: what its rows and their dependence cost."""

from __future__ import annotations

import math

import numpy as np

from ..reference.profile import Column, OutcomeSummary, ReferenceProfile
from ..statistics.betting.bet_tables import BetColumn
from ..statistics.betting.bets import Tolerances, make_bets
from ..statistics.betting.expected_delay import (
    enlarged_scores,
    expected_observations,
    expected_outcomes,
    shifted_shares,
)
from ..statistics.betting.score_bets import ScoreBets
from ..statistics.design_effect import DAY
from .settings import EvidenceSettings

__all__ = ["log_update_minutes", "loss_delay", "shift_delays"]

_DAY_MINUTES = 1_440.0
_BEYOND_SCALE = 0.05
"""Part of a regression's reference whose bounded error is 1, as its scale is the 95 % quantile."""
_SPECIAL_CELLS = 2  # missing and invalid


def log_update_minutes(reference: ReferenceProfile, rows: int, size: int, least_seconds: float = 0.0) -> float:
    """The logarithm of the minutes that an update of ``size`` counts, where ``rows`` of them come in the reference's time.

    An update takes ``least_seconds`` at least, and counts a day at most. Without times an update is taken to be a minute.
    """
    seconds = DAY * reference.days
    if not seconds or not rows:
        return 0.0
    return math.log(min(max(size * seconds / rows, least_seconds, 1.0) / 60.0, _DAY_MINUTES))


def loss_delay(outcomes: OutcomeSummary, bets: ScoreBets, nats: float, *, binary: bool, times: float = 2.0) -> float:
    """Outcomes until the evidence on the mean loss has grown by ``nats``, if errors are ``times`` as frequent, or as large.

    ``bets`` are those on that loss. Infinite if such a loss is tolerated, or can hardly be told from one that is.
    """
    loss, scale = outcomes.loss, outcomes.error_scale
    values, shares = enlarged_scores(
        loss.mean, loss.standard_deviation, times, binary=binary or scale <= 0, at_bound=_BEYOND_SCALE
    )
    return expected_outcomes(bets, values, shares, nats)


def shift_delays(
    reference: ReferenceProfile, settings: EvidenceSettings, threshold: float, *, shift: float = 0.5, rows: float = 1.0
) -> dict[str, float]:
    """Records until a shift of a numeric feature by ``shift`` standard deviations is a ticket, by feature.

    ``threshold`` is the logarithm of the alarm's. The slower of the two directions counts. ``rows`` is how many times as large
    the reference would be. A feature with less than two bins in use cannot shift and is left out.
    """
    columns = [each for each in reference.features if each.numeric and _occupied(each) > 1]
    if not columns:
        return {}
    slots = reference.season.slots if reference.season is not None else 1
    bets = make_bets(
        [
            BetColumn(
                np.array([*column.counts.values()]) * rows / slots,
                column.numeric,
                column.design_effect,
                column.special_design_effect,
                unheard_design_effect=column.unheard_design_effect,
            )
            for column in columns
        ],
        Tolerances(settings.location_tolerance, settings.missing_tolerance),
    )
    nats = threshold + math.log(len(reference.features))
    nats -= log_update_minutes(reference, reference.rows, settings.update_records, settings.update_interval)
    found = {}
    for position, column in enumerate(columns):
        counts = np.array([*column.counts.values()], dtype=np.float64)
        valid = counts[:-_SPECIAL_CELLS] / counts.sum()
        growth = np.stack(
            [
                valid.sum() * (shifted_shares(valid / valid.sum(), each) @ bets.log_e[position, : len(valid)])
                for each in (shift, -shift)
            ]
        )
        found[column.name] = float(expected_observations(growth, bets.weights[position], [nats, nats]).max())
    return found


def _occupied(column: Column) -> int:
    return sum(count > 0 for count in [*column.counts.values()][:-_SPECIAL_CELLS])
