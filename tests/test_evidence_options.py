"""Defaults of the evidence, in the words they stand for."""

from __future__ import annotations

from model_drift_exporter.alarms import PAGE, TICKET
from model_drift_exporter.evidence_options import EvidenceOptions


def test_the_default_budgets() -> None:
    """One false page in ten years, one false ticket a week, in minutes of event time."""
    budgets = EvidenceOptions().budgets
    assert budgets == {PAGE: 10 * 365 * 24 * 60, TICKET: 7 * 24 * 60}
