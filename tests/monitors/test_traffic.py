from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from model_drift_exporter.errors import StateError
from model_drift_exporter.monitors import MonitorContext
from model_drift_exporter.monitors.traffic import TrafficMonitor
from model_drift_exporter.reference.coded_batch import CodedBatch
from tests.support.exposition import Exposition
from tests.support.monitor_context import coded, context_of, reference
from tests.support.prediction_log import make_rows

_DAY, _MONDAY = 86_400.0, 1_760_313_600.0


def _batch(context: MonitorContext, now: NDArray[np.float64], timely: bool = True) -> CodedBatch:
    """Records at these times of the clock."""
    empty = coded(context, make_rows(1, seed=1))
    size = len(now)
    return CodedBatch(
        context.binner, size, empty.cells[:, :0], now, now, np.full(size, timely), {}, np.arange(size), empty.records
    )


def _traffic(days: float, a_day: float, *, first: float = 0.0) -> NDArray[np.float64]:
    """Records at random times."""
    chance = np.random.default_rng(round(a_day))
    return np.sort(_MONDAY + first * _DAY + chance.uniform(0, days * _DAY, round(days * a_day)))


def _value(monitor: TrafficMonitor, name: str) -> float:
    return Exposition.of(monitor.collect())(f"model_traffic_{name}", model="m")


@pytest.fixture(name="context", scope="module")
def _context() -> MonitorContext:
    return context_of(reference())


def test_usual_traffic_is_a_band_about_the_mean_of_the_same_hours(context: MonitorContext) -> None:
    """And a silence of it is known."""
    monitor = TrafficMonitor(context)
    monitor.observe(_batch(context, _traffic(40, 1_000)))
    usual = _value(monitor, "usual_records")
    assert pytest.approx(usual, rel=0.3) == 1_000 / 24
    lower, upper = (_value(monitor, f"usual_records_{side}_bound") for side in ("lower", "upper"))
    assert usual - lower == pytest.approx(upper - usual)
    assert 5 < usual - lower < 20
    assert 600 <= _value(monitor, "usual_silence_seconds") < 3_600
    assert _value(monitor, "recent_seconds") == _DAY
    assert _value(monitor, "recent_records") == pytest.approx(1_000, rel=0.2)


def test_a_fall_is_told_with_its_figures_and_so_is_a_rise() -> None:
    """The finding has what has come and what is usual since the onset."""
    for factor, kind in ((0.2, "traffic_fallen"), (5.0, "traffic_risen")):
        context = context_of(reference())
        monitor = TrafficMonitor(context)
        monitor.observe(_batch(context, _traffic(40, 1_000)))
        assert [*monitor.findings()] == []
        monitor.observe(_batch(context, _traffic(1, 1_000 * factor, first=40)))
        [edge] = context.alarms.drain()
        assert (edge.alert, edge.severity, edge.firing) == ("ModelTrafficChanged", "ticket", True)
        [finding] = monitor.findings()
        assert finding.kind == kind
        ratio = finding.figures["traffic_recent_records"] / finding.figures["traffic_recent_usual_records"]
        assert factor == pytest.approx(ratio, rel=0.5)
        records = finding.figures["traffic_recent_records"]
        assert finding.text.startswith(f"{records:,.0f} records came in ")
        assert "are usual at this time, give or take " in finding.text


def test_records_that_windows_do_not_count_are_no_traffic_of_now(context: MonitorContext) -> None:
    """A backlog of last month beside a live log changes no count."""
    monitor = TrafficMonitor(context)
    monitor.observe(_batch(context, _traffic(2, 1_000)))
    before = _value(monitor, "recent_records")
    monitor.observe(_batch(context, np.full(5_000, _MONDAY + 2 * _DAY), timely=False))
    monitor.observe(_batch(context, np.array([_MONDAY + 2.1 * _DAY])))
    assert _value(monitor, "recent_records") <= before + 200


def test_another_state_does_not_fit(context: MonitorContext) -> None:
    """It says so."""
    with pytest.raises(StateError, match="traffic in the snapshot does not fit"):
        TrafficMonitor(context).restore({"silences": {}})
