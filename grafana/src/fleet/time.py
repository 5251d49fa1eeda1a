"""Dashboard Fleet, over time: which models were not quiet, and the traffic of all."""

from __future__ import annotations

from ..colours import BLUE, GREY, names
from ..line_styles import coloured, dashed
from ..links import data_link
from ..panels import Panel, lines, panel, properties, states
from ..queries import over_time
from ..states import EMPTY, OF_CHOSEN_JOBS, STATES
from ..variables import CHOSEN_MODELS

__all__ = ["OVER_TIME"]

_SHOWN = 20
_RECORDED = f"model:state:max{{{CHOSEN_MODELS}}}"
_EVER = f"{_RECORDED}[$__range]"
_WORST = f"(max_over_time({_EVER} @ end()) {OF_CHOSEN_JOBS})"
_MEAN = f"avg_over_time({_EVER} @ end())"


def _ranked() -> str:
    """1 for the worst models of the time range, with a label ``_order`` that is the smaller, as text, the worse they were.

    Prometheus sorts what a range query finds by labels, and an underscore comes before small letters. First counts the
    worst state, then for how long it was bad; both are within 0 and 4, so that all have three digits.
    """
    badness = f"{_WORST} * 200 + {_MEAN} * 20"
    return f'count_values by (model) ("_order", 999 - round(topk({_SHOWN}, {badness} and on (model) {_WORST} > 0)))'


def _verdicts() -> Panel:
    bad = f"({_WORST} > 0)"
    quiet = f"count({_WORST} == 0) * 0"
    others, everything = (
        f'label_replace({quiet}, "model", "{name}", "", "")' for name in ("Other models", "All models")
    )
    one_row = f"({others} and on () {bad} or {everything} unless on () {bad})"
    # The row is the same at all steps: it must not tell of a time of which nothing is known.
    recorded = f"count({_RECORDED})"
    nothing = f'label_replace(absent_over_time({_EVER} @ end()), "model", "No model was recorded", "", "")'
    visualisation = (
        states()
        .mappings(names(STATES))
        # The other rows are no models.
        .override_by_query(
            "A",
            properties(links=[data_link("Open this model", "model", model="${__field.labels.model:percentencode}")]),
        )
    )
    return panel(
        20,
        visualisation,
        [
            over_time(f"{_RECORDED} * on (model) group_left (_order) {_ranked()}", "{{model}}", interval="1m"),
            over_time(f"{one_row} and on () {recorded}", "{{model}}", ref_id="B", interval="1m"),
            # Grafana's timeline does not say why it is empty.
            over_time(nothing, "{{model}}", ref_id="C", interval="1m"),
        ],
        title="Verdicts",
        description=f"The {_SHOWN} worst models of this time, worst on top; those that were quiet throughout are one line, "
        "below. Good: only that line. Several that changed at once have one cause: look for what they share.",
        unit="none",
        empty=EMPTY,
        width=14,
        height=10,
    )


def _traffic() -> Panel:
    visualisation = (
        lines()
        .min(0)
        .axis_label("Predictions per hour")
        .override_by_name("Now", coloured(BLUE, custom__fillOpacity=15))
        .override_by_name("Expected", dashed(GREY))
    )
    return panel(
        21,
        visualisation,
        [
            over_time(f"sum(model:records:increase1h{{{CHOSEN_MODELS}}} {OF_CHOSEN_JOBS})", "Now", interval="1m"),
            over_time(
                f"sum(model:records_expected:min1h{{{CHOSEN_MODELS}}} {OF_CHOSEN_JOBS})",
                "Expected",
                ref_id="B",
                interval="1m",
            ),
        ],
        title="All traffic",
        description="Predictions per hour of all chosen models. Expected: the least of the same hour yesterday and a week "
        "ago. Good: at or above it. Far below: many models lost their traffic at once; look at what they share, or at one "
        "model's dashboard.",
        unit="short",
        empty=EMPTY,
        width=10,
        height=10,
    )


OVER_TIME = (_verdicts(), _traffic())
"""Panels below the table."""
