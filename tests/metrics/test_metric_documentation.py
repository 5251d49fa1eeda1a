from __future__ import annotations

from collections.abc import Iterator
from unittest import mock

import pytest

from model_drift_exporter.metrics.catalogue import CATALOGUE, Metric
from model_drift_exporter.metrics.metric_documentation import documentation

METRICS = {
    metric.name: metric
    for metric in (
        Metric("model_test_records_total", "counter", "Records, counted.", ("model",), "Traffic"),
        Metric(
            "model_test_psi",
            "gauge",
            "PSI | pipes,\n<angles>, 2 * 3 * 4\nand C:\\paths; __other__ in b_1.",
            ("model", "feature"),
            "Drift",
        ),
        Metric("model_test_labels_total", "counter", "Labels.", ("model",), "Traffic"),
        Metric("model_test_up", "gauge", "Up.", (), "Drift"),
    )
}


@pytest.fixture(autouse=True)
def _catalogue() -> Iterator[None]:
    with mock.patch.dict(CATALOGUE, METRICS, clear=True):
        yield


def test_each_group_is_one_table_in_catalogue_order() -> None:
    """Groups come in the order in which they first appear, and a group is never split."""
    tables = documentation().partition("## ")
    assert "".join(tables[1:]) == (
        "## Traffic\n\n"
        "| Name | Type | Labels | Meaning |\n"
        "| --- | --- | --- | --- |\n"
        "| `model_test_records_total` | counter | `model` | Records, counted. |\n"
        "| `model_test_labels_total` | counter | `model` | Labels. |\n"
        "\n"
        "## Drift\n\n"
        "| Name | Type | Labels | Meaning |\n"
        "| --- | --- | --- | --- |\n"
        "| `model_test_psi` | gauge | `model`, `feature` | PSI \\| pipes, "
        "&lt;angles>, 2 \\* 3 \\* 4 and C:\\\\paths; `__other__` in b_1. |\n"
        "| `model_test_up` | gauge |  | Up. |\n"
    )


def test_the_page_begins_with_its_title_and_says_that_it_is_generated() -> None:
    """Whoever opens the file knows what it is and not to edit it."""
    page = documentation()
    assert page.startswith("# Metrics\n")
    assert "generated from the catalogue" in page.partition("## ")[0]


def test_every_metric_appears_once() -> None:
    """No row is lost or doubled."""
    rows = [line.split("`")[1] for line in documentation().splitlines() if line.startswith("| `")]
    assert sorted(rows) == sorted(METRICS)
