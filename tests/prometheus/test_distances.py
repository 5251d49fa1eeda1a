"""What the rules record of the exporter's statistics; ``tests/system`` asks Prometheus for the numbers."""

from __future__ import annotations

from model_drift_exporter.statistics import STATISTICS
from prometheus.src.distances import ESSENTIAL, FORMS, WINDOWS, groups, recorded


def test_every_form_is_that_of_a_statistic() -> None:
    """One with a noise floor in PromQL has one in the exporter, too."""
    statistics = {each.name: each for each in STATISTICS}
    assert FORMS.keys() <= statistics.keys()
    floors = {name for name, form in FORMS.items() if form.noise_floor is not None}
    assert floors
    assert all(statistics[name].noise_floor is not None for name in floors)


def test_what_is_said_to_be_recorded_is_recorded() -> None:
    """Everything in the shortest window against the reference, and what is essential in all others."""
    for window in WINDOWS:
        records = {record.name for group in groups(window) for record in group.rules}
        for baseline in ("reference", "lastweek"):
            found = {name for name in FORMS if f"model_reference:prediction_{name}:{baseline}{window.name}" in records}
            assert found == {*recorded(baseline, window)}
            assert found == ({*FORMS} if (baseline, window.name) == ("reference", "1h") else {*ESSENTIAL})
