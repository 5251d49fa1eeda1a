"""Settings of evidence: the budgets of false alarms, how often it is updated, and what is tolerated."""

from __future__ import annotations

import attrs

from ..settings.declaring import setting
from ..settings.kinds import Integer, Number, Parsed
from ..settings.values import parse_budget, parse_duration

__all__ = ["PAGE", "TICKET", "EvidenceOptions", "EvidenceSettings", "LossSettings"]

_MINUTES_A_YEAR = 525_600.0
_MINUTES_A_WEEK = 10_080.0
_BUDGET = Parsed("a frequency such as `1 in 10 years`", "FREQUENCY", parse_budget)
PAGE, TICKET = "page", "ticket"


@attrs.frozen
class EvidenceOptions:
    """``page_budget`` and ``ticket_budget`` are minutes of event time per false alarm of a model.

    Evidence is updated when ``update_records`` records have come and ``update_seconds`` of event time have passed; on the
    loss after ``update_labels`` outcomes. ``location_tolerance`` is in standard deviations, ``broken_tolerance``,
    ``missing_tolerance`` in shares, ``psi_tolerance`` in units of the population stability index. A loss may rise by the
    larger of ``loss_tolerance`` (absolute) and ``loss_relative_tolerance`` times the reference's.
    """

    page_budget: float = 10 * _MINUTES_A_YEAR
    ticket_budget: float = _MINUTES_A_WEEK
    update_records: int = 50
    update_seconds: float = 15.0
    update_labels: int = 10
    location_tolerance: float = 0.02
    missing_tolerance: float = 0.001
    broken_tolerance: float = 0.05
    psi_tolerance: float = 0.02
    loss_tolerance: float = 0.01
    loss_relative_tolerance: float = 0.10

    @property
    def budgets(self) -> dict[str, float]:
        """Minutes by severity."""
        return {PAGE: self.page_budget, TICKET: self.ticket_budget}


@attrs.frozen
class EvidenceSettings:
    """How sure alerts are, and how often evidence is weighed; all times are event time."""

    false_page: str = setting(
        "1 in 10 years", _BUDGET, "False pages of a model at most, all its paging alerts together."
    )
    false_ticket: str = setting(
        "1 in a week", _BUDGET, "False tickets of a model at most, all its other alerts together."
    )
    update_records: int = setting(50, Integer(1, 1_000), "Lines from one update of the evidence to the next at least.")
    update_interval: str = setting(
        "15s",
        Parsed("a duration from 1s to 1d", "DURATION", lambda text: parse_duration(text, ("1s", "1d"))),
        "Time from one update to the next at least; after 1,000 lines one comes in any case.",
    )

    @property
    def update_seconds(self) -> float:
        return parse_duration(self.update_interval)


@attrs.frozen
class LossSettings:
    """How much the loss may rise before it is harm: the larger of the two tolerances."""

    tolerance: float = setting(0.01, Number(0, 1), "Rise of the error rate, or of the scaled error, that is tolerated.")
    relative_tolerance: float = setting(0.1, Number(0, 10), "The same as a share of the reference's loss.")
