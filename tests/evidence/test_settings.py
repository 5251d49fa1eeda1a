"""Defaults of the evidence, in the words they stand for."""

from __future__ import annotations

from model_drift_exporter.evidence.settings import PAGE, TICKET, EvidenceSettings


def test_the_default_budgets() -> None:
    """One false page in ten years, one false ticket a week, in minutes of event time."""
    budgets = EvidenceSettings().budgets
    assert budgets == {PAGE: 10 * 365 * 24 * 60, TICKET: 7 * 24 * 60}
