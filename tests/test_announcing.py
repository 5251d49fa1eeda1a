from __future__ import annotations

import logging

import attrs
import pytest

from model_drift_exporter.announcing import announce
from model_drift_exporter.evidence.alarms import Transition

EDGE = Transition(
    time=1_767_322_985.4,
    record=41,
    alert="ModelInputBroken",
    severity="page",
    firing=True,
    model="churn",
    features=("age", "plan"),
    certainty="named",
    evidence=8.21,
    threshold=7.02,
    onset=None,
)


def test_an_alert_is_said_once_as_it_fires_and_as_it_ends(caplog: pytest.LogCaptureFixture) -> None:
    """One line each, with what a person would ask first."""
    caplog.set_level(logging.INFO)
    announce([EDGE, attrs.evolve(EDGE, firing=False, features=(), certainty="")])
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        (
            "WARNING",
            (
                "model churn: ModelInputBroken (page) fires at 2026-01-02T03:03:05.400Z, record 41: "
                "evidence 10^8.2, threshold 10^7.0, named: age, plan"
            ),
        ),
        ("INFO", "model churn: ModelInputBroken (page) resolved at 2026-01-02T03:03:05.400Z"),
    ]


def test_an_alert_without_features_or_with_an_impossible_time(caplog: pytest.LogCaptureFixture) -> None:
    """Times come from the log, and so may be anything."""
    announce([attrs.evolve(EDGE, time=1e18, features=(), certainty="")])
    (message,) = caplog.messages
    assert "fires at 1000000000000000000 seconds since 1970, record 41" in message
    assert message.endswith("threshold 10^7.0")
