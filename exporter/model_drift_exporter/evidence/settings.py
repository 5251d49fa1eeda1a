# ruff: noqa: RUF009 - setting() and section() return attrs fields, one a call
"""Settings of evidence: the budgets of false alarms, how often it is updated, and what is tolerated."""

from __future__ import annotations

from typing import Literal, get_args

import attrs

from ..settings.declaring import setting
from ..settings.kinds import Choice, Integer, Number, Parsed, Switch
from ..settings.values import parse_budget, parse_duration, parse_optional_duration

__all__ = ["PAGE", "TICKET", "EvidenceOptions", "EvidenceSettings", "LabelSettings", "LabelsExpected", "LossSettings"]

_MINUTES_A_YEAR = 525_600.0
_MINUTES_A_WEEK = 10_080.0
LabelsExpected = Literal["auto", "yes", "no"]
_BUDGET = Parsed("a frequency such as `1 in 10 years`", "FREQUENCY", parse_budget)
_HORIZON = ("1m", "3660d")
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


@attrs.frozen
class LabelSettings:
    """The true outcomes, which may come long after their predictions."""

    capacity: int = setting(
        1_000_000,
        Integer(1_000, 100_000_000),
        "Predictions of a model kept for their labels; beyond, a sample by identifier. A million take about 40 MiB.",
    )
    horizon: str = setting(
        "90d",
        Parsed("a duration from 1m to 3660d", "DURATION", lambda text: parse_duration(text, _HORIZON)),
        "Event time that a prediction is kept for its label, and for revisions of it.",
    )
    maturity: str = setting(
        "auto",
        Parsed("`auto` or a duration", "DURATION", lambda text: parse_optional_duration(text, ("1s", _HORIZON[1]))),
        "Age from which the outcome of a prediction counts; `auto` takes the 99 % quantile of the delays seen.",
    )
    delay_independent: bool = setting(
        False, Switch(), "Whether good and bad outcomes come equally fast, so that each can count at once."
    )
    expected: LabelsExpected = setting(
        "auto", Choice(get_args(LabelsExpected)), "Whether labels are missed where none comes; `auto` after the first."
    )

    @property
    def horizon_seconds(self) -> float:
        return parse_duration(self.horizon)

    @property
    def maturity_seconds(self) -> float | None:
        return parse_optional_duration(self.maturity, ("1s", _HORIZON[1]))
