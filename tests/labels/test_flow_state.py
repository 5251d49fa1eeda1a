from __future__ import annotations

import numpy as np
import pytest

from model_drift_exporter.evidence.alarms import AlarmBoard
from model_drift_exporter.evidence.settings import EvidenceOptions
from model_drift_exporter.labels.flow_state import FlowState
from model_drift_exporter.labels.options import LabelOptions
from model_drift_exporter.reference.outcomes import OutcomeLayout
from tests.labels.streams import labelled_reference

REFERENCE = labelled_reference()


def _state(options: LabelOptions | None = None) -> FlowState:
    return FlowState("m", REFERENCE, OutcomeLayout.of(REFERENCE), options or LabelOptions(), probabilities=False)


def test_a_first_prediction_of_2099_is_forgotten() -> None:
    """Otherwise no prediction would ever have waited long enough to learn a maturity from."""
    state = _state()
    state.begin(4e9)
    state.begin(5e9)
    assert state.first_prediction == 4e9
    state.set_back(1_000.0, 900.0)
    assert state.first_prediction == 900.0
    state.delays.observe(np.full(200, 60.0))
    state.look(2_000.0)
    assert state.maturity.seconds == pytest.approx(60, rel=0.1)


def test_what_led_is_judged_as_a_whole() -> None:
    """Delays and the newest label go with the lead, or stay with it."""
    for right in (True, False):
        state = _state()
        state.begin(0.0)
        delays = np.array([*[60.0] * 100, *[1e6] * 100])
        state.delays.observe(delays, delays > 100)
        none = np.zeros(200, dtype=np.bool_)
        state.health.observe_labels(none, none, none, delays, leading=delays > 100, apart=True)
        if right:
            state.settle()
        else:
            state.set_back(200.0, 200.0)
        assert state.delays.labels == (200 if right else 100)
        assert state.health.newest == (1e6 if right else 60.0)


def test_outcomes_are_excluded_from_the_maturity_of_the_first_broken_one() -> None:
    """Or from the alert, whichever is later; nothing is while the latch is open."""
    board = AlarmBoard("m", EvidenceOptions().budgets)
    alarm = board["ModelInputBroken"]
    state = _state(LabelOptions(maturity=100.0))
    assert state.label_state(alarm).excluded_since is None
    assert state.label_state(None).excluded_since is None
    for onset, since in ((10.0, 110.0), (45.0, 145.0)):
        alarm.fire(50.0 if onset == 45.0 else 110.0, 0, onset=onset)
        assert state.label_state(alarm).excluded_since == since
        alarm.resolve(200.0, 1)


def test_a_restart_goes_on() -> None:
    """A snapshot holds all of it; other options apply after a reload."""
    state = _state()
    state.begin(5.0)
    state.events = 7
    state.delays.observe(np.full(100, 60.0))
    state.look(1e6)
    restored, reloaded = _state(), _state(LabelOptions(capacity=99))
    restored.restore(state.snapshot())
    np.testing.assert_equal(restored.snapshot(), state.snapshot())
    reloaded.take_over(state, LabelOptions(capacity=99))
    assert (reloaded.store.capacity, reloaded.events, reloaded.first_prediction) == (99, 7, 5.0)
    assert reloaded.maturity.seconds == state.maturity.seconds
