"""Panels about labels: which coverage counts, and which classes have fewer."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from grafana.src.model import supply
from model_drift_exporter.labels.metrics import AGES
from tests.grafana.model_queries import TARGETS, model_query
from tests.support.promtool import check_values
from tests.support.rule_series import series


def _labels(maturity: float, classes: Mapping[str, float]) -> list[dict[str, str]]:
    shares = {"1h": 0.1, "1d": 0.5, "7d": 0.9, "30d": 0.95}
    own = {"model": "credit", **TARGETS["a"]}
    return [
        series("model_label_maturity_seconds", f"{maturity}x10", **own),
        *(series("model_label_coverage_ratio", f"{share}x10", age=age, **own) for age, share in shares.items()),
        *(
            series("model_prediction_class_label_coverage_ratio", f"{share}x10", **{"class": name}, **own)
            for name, share in classes.items()
        ),
    ]


@pytest.mark.parametrize(("maturity", "covered"), [(600.0, 0.5), (3_600.0, 0.5), (7_200.0, 0.9), (90_000.0, 0.95)])
def test_coverage_is_that_of_predictions_that_count(tmp_path: Path, maturity: float, covered: float) -> None:
    """Younger ones have no label yet: their share would say nothing."""
    check_values(tmp_path, _labels(maturity, {}), {model_query(50): {"{}": covered}}, at="5m", files=["settings.yml"])


@pytest.mark.parametrize(("fewest", "shown"), [(0.9, {}), (0.7, {'{class="no"}': 0.7})])
def test_a_class_is_shown_if_it_has_fewer_labels(tmp_path: Path, fewest: float, shown: Mapping[str, float]) -> None:
    """Five points do not matter, as in the exporter."""
    inputs = _labels(600.0, {"yes": 0.94, "no": fewest})
    check_values(tmp_path, inputs, {model_query(50, "B"): shown}, at="5m", files=["settings.yml"])


def test_the_mean_delay_is_exact(tmp_path: Path) -> None:
    """It comes of all delays and not of ranges of them, which are too wide for a median."""
    parts = {"sum": "0+7368x120", "count": "0+2x120"}
    inputs = [
        series(f"model_label_delay_seconds_{part}", values, model="credit", **TARGETS["a"])
        for part, values in parts.items()
    ]
    check_values(tmp_path, inputs, {model_query(53): {"{}": 3_684.0}}, at="60m", files=["settings.yml"])


def test_ages_are_those_of_the_exporter() -> None:
    """Each begins where the one before ends."""
    names = [*AGES]
    assert {age: AGES[names[place]] for place, age in enumerate(names[1:])} == supply.AGES
