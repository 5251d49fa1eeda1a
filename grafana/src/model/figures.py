"""Dashboard Model, figures: every figure of performance beside its reference, for those who know which one matters to them."""

from __future__ import annotations

from grafana_foundation_sdk.models import dashboard as models

from model_drift_exporter.statistics.performance_metrics import PERFORMANCE_METRICS

from ..panels import Panel, panel, properties, tabular, transformation
from ..queries import ref_id, rows
from ..variables import EXPORTED

__all__ = ["FIGURES", "NAMES"]

NAMES = {each.name: each.title for each in sorted(PERFORMANCE_METRICS, key=lambda each: each.name) if not each.loss}
"""Names by that of the metric, without what it begins with; losses are in panels of their own."""


def _columns() -> dict[str, str]:
    """The query of each column."""
    return {
        "Now": _weighted(""),
        "95 % from": _weighted("_lower_bound"),
        "95 % to": _weighted("_upper_bound"),
        "Reference": f"max by (figure, class) ({_each('_reference')})",
    }


def _each(suffix: str, window: str = "") -> str:
    """PromQL of all figures of all replicas, with the label ``figure``."""
    names = f"model_({'|'.join(NAMES)}){suffix}"
    return f'label_replace({{__name__=~"{names}", {EXPORTED}{window}}}, "figure", "$1", "__name__", "{names}")'


def _weighted(suffix: str) -> str:
    """Averaged over replicas, by their outcomes in the loss window; as the recorded loss is."""
    window = ', window="$loss_window"'
    outcomes = f"* on (job, instance) group_left () (model_performance_labels{{{EXPORTED}{window}}} > 0)"
    each = _each(suffix, window)
    return f"sum by (figure, class) ({each} {outcomes}) / sum by (figure, class) (({each} * 0 + 1) {outcomes})"


def _figures() -> Panel:
    columns = _columns()
    values = {f"Value #{ref_id(index)}": title for index, title in enumerate(columns)}
    values["Value"] = "Reference"  # its name if only one query finds something: the reference is there without outcomes
    texts = {
        name: models.ValueMappingResult(text=text, index=index) for index, (name, text) in enumerate(NAMES.items())
    }
    visualisation = (
        tabular()
        .decimals(3)
        .override_by_name("Figure", properties(mappings=[models.ValueMap(options=texts)], custom__minWidth=220))
        .override_by_name("Class", properties(noValue="all"))
    )
    for each in (
        transformation("filterFieldsByName", include={"names": ["figure", "class", *values]}),
        transformation("merge"),
        transformation("sortBy", sort=[{"field": "figure"}]),
        transformation(
            "organize",
            excludeByName={},
            indexByName={name: index for index, name in enumerate(["figure", "class", *values])},
            renameByName={"figure": "Figure", "class": "Class", **values},
        ),
    ):
        visualisation = visualisation.with_transformation(each)
    return panel(
        60,
        visualisation,
        [rows(expression, ref_id=ref_id(index)) for index, expression in enumerate(columns.values())],
        title="Every figure of performance",
        description="What the model reaches on the outcomes of the loss window, beside the reference. Good: the reference lies "
        "within the 95 % interval. Beyond it: look whether Loss says the same, which is what alerts decide about; "
        "of twenty figures one is beyond its interval by chance.",
        unit="none",
        empty="No outcomes yet: labels have not come, or are not old enough to count",
        width=24,
        height=10,
    )


FIGURES = (_figures(),)
"""The table of all figures."""
