"""Defaults of the evidence, in the words they stand for."""

from __future__ import annotations

from model_drift_exporter.evidence.settings import PAGE, TICKET, EvidenceOptions, EvidenceSettings
from model_drift_exporter.labels.settings import LabelSettings


def test_the_default_budgets() -> None:
    """One false page in ten years, one false ticket a week, in minutes of event time."""
    budgets = EvidenceOptions().budgets
    assert budgets == {PAGE: 10 * 365 * 24 * 60, TICKET: 7 * 24 * 60}


def test_durations_are_seconds_for_programs() -> None:
    """What is written in words is read as numbers, ``auto`` as none."""
    labels = LabelSettings(horizon="30d", maturity="1h30m")
    assert (labels.horizon_seconds, labels.maturity_seconds) == (30 * 86_400, 5_400)
    assert LabelSettings().maturity_seconds is None
    assert EvidenceSettings(update_interval="2m").update_seconds == 120
