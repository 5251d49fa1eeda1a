"""Confidence in few ranges, asked of the real Prometheus."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from pathlib import Path

from model_drift_exporter.reference.scores import DERIVED_EDGES
from tests.grafana.model_queries import TARGETS, model_query
from tests.support.promtool import check_values
from tests.support.rule_series import labelled, series


def _confidence(reference: Mapping[str, int], growth: Mapping[str, int]) -> list[dict[str, str]]:
    """Rows of the reference by the upper bound of their range, and records a minute up to each bound; in two replicas."""
    uppers = [str(float(edge)) for edge in DERIVED_EDGES["confidence"]]
    inputs = []
    for target in TARGETS.values():
        total = 0
        for number, (lower, upper) in enumerate(itertools.pairwise(uppers)):
            total += growth.get(upper, 0)
            labels = {"model": "credit", **target}
            rows = f"{reference.get(upper, 0)}x90"
            bin_ = {"bin": f"b{number:02}", "lower": lower, "upper": upper}
            inputs.append(series("model_confidence_bucket", f"0+{total}x90", le=upper, **labels))
            inputs.append(series("model_confidence_reference_observations", rows, **bin_, **labels))
        inputs.append(series("model_confidence_count", f"0+{total}x90", model="credit", **target))
    return inputs


def _ranges(shares: Mapping[str, tuple[str, int, float]]) -> dict[str, float]:
    """Series by order: their text, what is usual, and their value."""
    return {
        labelled("", order=order, row=f"{text}, usual {usual} %", text=text, usual=str(usual)): value
        for order, (text, usual, value) in shares.items()
    }


def test_confidence_is_compared_in_few_ranges(tmp_path: Path) -> None:
    """The many narrow ranges of the exporter are added up, in live data and in the reference."""
    inputs = _confidence(
        {"0.55": 150, "0.6": 50, "0.975": 300, "0.99": 500}, {"0.3": 1, "0.6": 7, "0.975": 1, "0.99": 1}
    )
    rows = {
        "0.5": ("below 0.5", 0, 0.1),
        "0.6": ("0.5 – 0.6", 20, 0.7),
        "0.7": ("0.6 – 0.7", 0, 0.0),
        "0.8": ("0.7 – 0.8", 0, 0.0),
        "0.9": ("0.8 – 0.9", 0, 0.0),
        "0.95": ("0.9 – 0.95", 0, 0.0),
        "0.99": ("0.95 – 0.99", 80, 0.2),
        "1.0": ("0.99 – 1", 0, 0.0),
    }
    usual = {"0.5": 0.0, "0.6": 0.2, "0.99": 0.8}
    moved = {order: (text, is_usual, now - usual.get(order, 0.0)) for order, (text, is_usual, now) in rows.items()}
    expected = {model_query(43): _ranges(rows), model_query(41): _ranges(moved)}
    check_values(tmp_path, inputs, expected, at="80m", files=["settings.yml"])


def test_confidence_within_chance_is_blank(tmp_path: Path) -> None:
    """What a few hundred records can do by chance is no difference."""
    inputs = _confidence({"0.55": 500, "0.975": 500}, {"0.55": 11, "0.975": 9})
    query = model_query(41)
    values = {"0.6": ("0.5 – 0.6", 50, 0.0), "0.99": ("0.95 – 0.99", 50, 0.0)}
    others = {"0.5": "below 0.5", "0.7": "0.6 – 0.7", "0.8": "0.7 – 0.8", "0.9": "0.8 – 0.9", "0.95": "0.9 – 0.95"}
    values |= {order: (text, 0, 0.0) for order, text in {**others, "1.0": "0.99 – 1"}.items()}
    check_values(tmp_path, inputs, {query: _ranges(values)}, at="80m", files=["settings.yml"])
