from __future__ import annotations

from model_drift_exporter.evidence.promise import Promise
from model_drift_exporter.monitors.promise_metrics import INPUTS_PROMISE, PromiseSeries
from tests.support.exposition import Exposition


def test_one_basis_is_1_and_effects_have_their_family() -> None:
    """The time since when is 0 until live records have shown enough."""
    series = PromiseSeries(INPUTS_PROMISE, "m", ["values", "missing"])
    found = Exposition.of(series.collect(Promise("not_yet", None, "no times"), None, [3.5, 1.0]))
    bases = {
        basis: found("model_inputs_promise_basis", model="m", basis=basis) for basis in ("reference", "live", "not_yet")
    }
    assert bases == {"reference": 0.0, "live": 0.0, "not_yet": 1.0}
    assert found("model_inputs_live_design_effect", model="m", family="values") == 3.5
    assert found("model_inputs_promise_since_timestamp_seconds", model="m") == 0.0
    later = Exposition.of(series.collect(Promise("live", 5.0, "no times"), 5.0, [1.0, 1.0]))
    assert later("model_inputs_promise_since_timestamp_seconds", model="m") == 5.0
