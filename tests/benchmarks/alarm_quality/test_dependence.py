from __future__ import annotations

import numpy as np
import pytest

from benchmarks.alarm_quality.dependence import A_DAY, PROCESSES, Process, dependent_streams


@pytest.mark.parametrize("name", PROCESSES)
def test_processes_are_standardised(name: str) -> None:
    """All have mean 0 and standard deviation 1 over many streams."""
    values = PROCESSES[name].draw(np.random.default_rng(1), 40, 2)
    assert values.shape == (40, 2 * A_DAY)
    assert values.mean() == pytest.approx(0.0, abs=0.2)
    assert values.std() == pytest.approx(1.0, abs=0.15)


def test_autocorrelation_cycle_and_wander() -> None:
    """Neighbours correlate as asked, noon is as far from midnight as asked, levels change at midnight only."""
    random = np.random.default_rng(2)
    series = Process(0.9).draw(random, 4, 4)
    assert np.corrcoef(series[:, :-1].ravel(), series[:, 1:].ravel())[0, 1] == pytest.approx(0.9, abs=0.01)
    cycle = Process(cycle=0.5).draw(random, 40, 2).mean(axis=0)
    assert cycle[A_DAY // 4 - 100 : A_DAY // 4 + 100].mean() == pytest.approx(0.5 / np.sqrt(1.125), abs=0.05)
    days = Process(wander=3.0).draw(random, 1, 4).reshape(4, A_DAY).mean(axis=1)
    assert days.std() > 0.2


def test_an_iid_stream_is_silent_and_its_shift_found() -> None:
    """One short stream: no alarm while clean, half a standard deviation found at both thresholds, the ticket's first."""
    (found,) = dependent_streams("iid", 1, streams=1, live_days=2)["streams"]
    assert (found["pages"], found["tickets"], found["page_level"], found["alerts"]) == (0, 0, 0, {})
    assert found["design_effect"] == 1.0
    assert 50 <= found["ticket_delay"] <= found["delay"] <= 1_000
