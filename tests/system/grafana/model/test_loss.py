"""Panels about the loss: what is beyond, of which window, and where its change comes from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.grafana.model_queries import CHOSEN, MODEL, TARGETS, model_query
from tests.grafana.substitution import substituted, with_intervals
from tests.support.promtool import check_values
from tests.support.rule_series import labelled, series


@pytest.mark.parametrize(("lower", "beyond"), [(0.11, False), (0.13, True)])
def test_loss_is_red_when_its_whole_interval_is_beyond_what_is_tolerated(
    tmp_path: Path, lower: float, beyond: bool
) -> None:
    """A point beyond the line is not yet harm; a loss that nobody judges is not shown."""
    outcomes = {"model": "credit", "window": "24h"}
    inputs = [
        series("model_loss_window:loss_mean:mean", "0.14x10", loss="zero_one", **outcomes),
        series("model_loss_window:loss_mean:mean", "0.4x10", loss="log_loss", **outcomes),
        series("model_loss:loss_tolerated_mean:max", "0.12x10", loss="zero_one", model="credit"),
        series("model_loss_window:loss_mean_lower_bound:mean", f"{lower}x10", loss="zero_one", **outcomes),
    ]
    shown = {'{loss="zero_one", model="credit", what="Error rate", window="24h"}': 0.14}
    expected = {model_query(4): {} if beyond else shown, model_query(4, "B"): shown if beyond else {}}
    check_values(tmp_path, inputs, expected, at="5m", files=["settings.yml"])


def test_loss_is_shown_without_labels_in_the_reference(tmp_path: Path) -> None:
    """Nothing says what is tolerated then, but how wrong the model is can be seen."""
    inputs = [
        series("model_loss_window:loss_mean:mean", "2x10", loss=loss, model="credit", window="24h")
        for loss in ("absolute_error", "squared_error")
    ]
    shown = {'{loss="absolute_error", model="credit", what="Mean error", window="24h"}': 2.0}
    check_values(tmp_path, inputs, {model_query(20): shown, model_query(4): shown}, at="5m", files=["settings.yml"])


def test_what_is_tolerated_is_not_shown_alone(tmp_path: Path) -> None:
    """It would look like a loss; the tile says that there are no outcomes."""
    inputs = [series("model_loss:loss_tolerated_mean:max", "0.12x10", loss="zero_one", model="credit")]
    expected: dict[str, Any] = {model_query(4, ref_id): {} for ref_id in "ABCDE"}
    check_values(tmp_path, inputs, expected, at="5m", files=["settings.yml"])


def test_parts_of_the_loss_are_drawn_up_and_down(tmp_path: Path) -> None:
    """Grafana would draw one side only of a line that changes its sign."""
    own = {"model": "credit", "window": "24h", "loss": "bounded_absolute_error"}
    inputs = [
        series("model_loss:loss_tolerated_mean:max", "0.1x10", model="credit", loss="bounded_absolute_error"),
        series("model_loss_window:loss_change_from_inputs:mean", "-0.02x10", **own),
        series("model_loss_window:loss_change_from_relation:mean", "0.03x10", **own),
    ]

    def parts(value: float) -> dict[str, float]:
        return {labelled("", **own, what="Bounded error"): value}

    expected = {
        model_query(21): parts(0.0),
        model_query(21, "B"): parts(0.03),
        model_query(21, "D"): parts(-0.02),
        model_query(21, "E"): {},
    }
    check_values(tmp_path, inputs, expected, at="5m", files=["settings.yml"])


def test_the_loss_window_is_that_of_the_overview(tmp_path: Path) -> None:
    """It has the least value, so that it is the first; then come windows with fewer outcomes before those with more."""
    variable = MODEL.variables["loss_window"]
    query = with_intervals(substituted(variable.query, MODEL.variables, CHOSEN), {"__range": "3600s"})
    expression = query.removeprefix("query_result(").removesuffix(")")
    inputs = [series("model_window:performance_labels:recent", "120x10", model="credit", window="1h")]
    inputs += [
        series("model_performance_labels", f"{outcomes}x10", model="credit", window=window, **TARGETS["a"])
        for window, outcomes in (("10m", 20), ("1h", 120), ("24h", 2_850))
    ]
    values = {'{window="1h"}': -120.0, '{window="10m"}': 20.0, '{window="24h"}': 2_850.0}
    check_values(tmp_path, inputs, {expression: values}, at="5m", files=["settings.yml"])
