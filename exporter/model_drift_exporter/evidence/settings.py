"""Settings of evidence: the budgets of false alarms, how often it is updated, and what is tolerated."""

from __future__ import annotations

import attrs

from ..settings.declarations import setting
from ..settings.kinds import Duration, Integer, Number, Parsed
from ..settings.values import parse_budget, write_budget

__all__ = ["PAGE", "TICKET", "EvidenceSettings"]

_BUDGET = Parsed("a frequency such as `1 in 10 years`", "FREQUENCY", parse_budget, write_budget)
PAGE, TICKET = "page", "ticket"


@attrs.frozen
class EvidenceSettings:
    """How sure alerts are, how often evidence is weighed, and what is tolerated; all times are event time."""

    # Minutes of event time to each false alarm.
    false_page: float = setting(
        parse_budget("1 in 10 years"), _BUDGET, "False pages of a model at most, all its paging alerts together."
    )
    false_ticket: float = setting(
        parse_budget("1 in a week"), _BUDGET, "False tickets of a model at most, all its other alerts together."
    )
    update_records: int = setting(50, Integer(1, 1_000), "Lines from one update of the evidence to the next at least.")
    # Seconds.
    update_interval: float = setting(
        15.0,
        Duration("1s", "1d"),
        "Time from one update to the next at least; after 1,000 lines one comes in any case.",
    )
    update_labels: int = setting(
        10, Integer(1, 1_000), "Outcomes from one update of the evidence on the loss to the next."
    )
    location_tolerance: float = setting(
        0.02,
        Number(0, 1),
        "Shift of the values, or of the share of a category, that is tolerated, in standard deviations; of the spread, too.",
    )
    missing_tolerance: float = setting(
        0.001, Number(0, 0.5), "Rise of the share of missing, invalid, unseen or out-of-range values that is tolerated."
    )
    broken_tolerance: float = setting(
        0.05,
        Number(0.001, 0.5),
        "Rise of the share of missing or invalid values, or of rejected lines, up to which no input is broken.",
    )
    psi_tolerance: float = setting(
        0.02,
        Number(0, 1),
        "Change of a whole distribution that is tolerated, as population stability index; shifts have `location_tolerance`.",
    )

    @property
    def budgets(self) -> dict[str, float]:
        """Minutes of event time to each false alarm of a model, by severity."""
        return {PAGE: self.false_page, TICKET: self.false_ticket}
