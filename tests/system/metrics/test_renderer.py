from __future__ import annotations

import subprocess
from collections.abc import Iterator
from unittest import mock

import numpy as np
import pytest

from model_drift_exporter.metrics.catalogue import CATALOGUE
from model_drift_exporter.metrics.renderer import family_name, render
from model_drift_exporter.metrics.samples import HistogramSeries, Series
from tests.support.components import require

from ...support.metric_examples import METRICS, PARSERS, one_of_each

REAL_METRICS = dict(CATALOGUE)


@pytest.fixture(autouse=True)
def _catalogue() -> Iterator[None]:
    with mock.patch.dict(CATALOGUE, METRICS, clear=True):
        yield


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
    with mock.patch.dict(CATALOGUE, REAL_METRICS, clear=True):
        blocks = [
            HistogramSeries(name, metric.labels, [1]).samples(np.array([1, 1]), 2.5)
            if metric.type == "histogram"
            else Series(name, [metric.labels]).samples([1])
            for name, metric in REAL_METRICS.items()
        ]
        text = render(blocks, openmetrics=False)
        for openmetrics in (False, True):
            families = list(PARSERS[openmetrics](render(blocks, openmetrics).decode()))
            expected = [family_name(metric, openmetrics=True) for metric in REAL_METRICS.values()]
            assert [family.name for family in families] == expected
    checked = subprocess.run([require("promtool"), "check", "metrics"], input=text, capture_output=True, check=False)
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, b"")
