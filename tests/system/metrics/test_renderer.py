from __future__ import annotations

import subprocess

import numpy as np

from model_drift_exporter.metrics.renderer import family_name, render
from model_drift_exporter.metrics.samples import HistogramSeries, Series
from model_drift_exporter.service.catalogue import CATALOGUE
from tests.support.components import require

from ...support.metric_examples import PARSERS, one_of_each


def test_promtool_accepts_the_text() -> None:
    """Prometheus' own checker finds neither a mistake nor a breach of its naming rules."""
    body = render(one_of_each(), openmetrics=False)
    checked = subprocess.run([require("promtool"), "check", "metrics"], input=body, capture_output=True, check=False)
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, b"")


def test_promtool_would_find_a_mistake() -> None:
    """The check above can fail: a broken line is refused."""
    body = render(one_of_each(), openmetrics=False).replace(b'",bin', b",bin")
    checked = subprocess.run([require("promtool"), "check", "metrics"], input=body, capture_output=True, check=False)
    assert checked.returncode != 0


def test_the_whole_catalogue_is_valid() -> None:
    """One sample of each metric that the exporter has is accepted by promtool and read back in both formats."""
    blocks = [
        HistogramSeries(metric, metric.labels, [1]).samples(np.array([1, 1]), 2.5)
        if metric.type == "histogram"
        else Series(metric, [metric.labels]).samples([1])
        for metric in CATALOGUE.values()
    ]
    text = render(blocks, openmetrics=False)
    for openmetrics in (False, True):
        families = list(PARSERS[openmetrics](render(blocks, openmetrics).decode()))
        expected = [family_name(metric, openmetrics=True) for metric in CATALOGUE.values()]
        assert [family.name for family in families] == expected
    checked = subprocess.run([require("promtool"), "check", "metrics"], input=text, capture_output=True, check=False)
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, b"")
