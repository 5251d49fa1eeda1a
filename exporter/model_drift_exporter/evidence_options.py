"""What a user may set about evidence: the budgets of false alarms, how often it is updated, what is tolerated."""

from __future__ import annotations

import attrs

from .alarms import PAGE, TICKET

__all__ = ["EvidenceOptions"]

_MINUTES_A_YEAR = 525_600.0
_MINUTES_A_WEEK = 10_080.0


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
