from __future__ import annotations

from model_drift_exporter.metrics.metric import counter, gauge
from model_drift_exporter.metrics.metric_documentation import documentation

METRICS = (
    counter("model_test_records_total", "model", "Records, counted.", "Traffic"),
    gauge(
        "model_test_psi",
        "model feature",
        "PSI | pipes,\n<angles>, 2 * 3 * 4\nand C:\\paths; __other__ in b_1.",
        "Drift",
    ),
    counter("model_test_labels_total", "model", "Labels.", "Traffic"),
    gauge("model_test_up", "", "Up.", "Drift"),
)


def test_each_group_is_one_table_in_the_order_given() -> None:
    """Groups come in the order in which they first appear, and a group is never split."""
    tables = documentation(METRICS).partition("## ")
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
    page = documentation(METRICS)
    assert page.startswith("# Metrics\n")
    assert "generated from the catalogue" in page.partition("## ")[0]


def test_every_metric_appears_once() -> None:
    """No row is lost or doubled."""
    rows = [line.split("`")[1] for line in documentation(METRICS).splitlines() if line.startswith("| `")]
    assert sorted(rows) == sorted(metric.name for metric in METRICS)
