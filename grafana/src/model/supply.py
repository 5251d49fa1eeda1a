"""Dashboard Model, what it is judged by: labels, traffic, and what cannot be judged for want of them."""

from __future__ import annotations

from collections.abc import Sequence

from model_drift_exporter.monitors import MonitorSpec
from prometheus.src.model_alerts import REASONS

from ..colours import BLUE, GREY, ORANGE, PURPLE, SAND, SKY, TEAL
from ..line_styles import coloured, dashed
from ..panels import Panel, lines, panel, properties, tabular, transformation
from ..queries import over_time, rows
from ..variables import EXPORTED, MODEL

__all__ = ["AGES", "LABELS", "NOT_JUDGED", "TRAFFIC", "off"]

_RAW = f"{{{EXPORTED}}}"
_OF_MODEL = f"{{{MODEL}}}"
_HEIGHT = 8
AGES = {"1d": 3_600, "7d": 86_400, "30d": 604_800, "90d": 2_592_000}
"""Ages of predictions, by the exporter's names, and the seconds at which each begins."""
_OTHERS = {
    "unwatched": (
        f"absent(model_not_evaluable{_RAW})",
        "No exporter says anything about this model now, so nothing would be seen.",
        "look at the dashboard Exporter, then at the runbook ModelExporterAbsent.",
    ),
    "features_absent": (
        f"max(model_reference_features_absent{_RAW}) > 0",
        "The reference has features that no record has had, so they are not judged.",
        "compare the names of features in the log with those in the reference.",
    ),
}
"""Reasons of which no exporter makes a ticket: an expression, what it means, and what to do first."""

_APART = 0.05
"""Points of coverage that do not matter; so much does not in the exporter, either."""


def _labels() -> Panel:
    visualisation = (
        lines()
        .min(0)
        .max(1)
        .override_by_query("A", coloured(BLUE, custom__lineWidth=3))
        .override_by_query("B", coloured(SKY))
        .override_by_query("C", coloured(SAND))
        .override_by_query("D", coloured(PURPLE))
        .override_by_query("E", coloured(ORANGE))
        .override_by_query("F", coloured(TEAL, custom__lineWidth=1))
    )
    least = f"bottomk(1, {_of_classes(' @ end()')})"
    behind = f"{_of_classes()} and on (class) {least} < on () group_left () (max({_of_classes()}) - {_APART})"
    return panel(
        50,
        visualisation,
        [
            over_time(_coverage(" offset 1w"), "Last week", ref_id="F", interval="1m"),
            over_time(_coverage(), "Old enough, with their label", ref_id="A", interval="1m"),
            over_time(behind, "Fewest: predicted {{class}}", ref_id="B", interval="1m"),
            over_time(_share_of_labels("revised"), "Labels revised", ref_id="C", interval="5m"),
            over_time(_share_of_labels("unmatched"), "Labels unmatched", ref_id="D", interval="5m"),
            over_time(_share_of_labels("rejected"), "Labels rejected", ref_id="E", interval="5m"),
        ],
        title="Labels",
        description="Bold: share of the predictions old enough to count that have their label. Good: level, as last "
        "week, and no other line. A class that has fewer labels by five points: the loss is not that of all "
        "cases. Labels that were revised, found no prediction or were rejected, if any: look at ten of them "
        "by hand.",
        unit="percentunit",
        empty="No prediction is old enough to have its label, or no labels have come",
        width=8,
        height=_HEIGHT,
    )


def _of_classes(at: str = "") -> str:
    return f"avg by (class) (model_prediction_class_label_coverage_ratio{_RAW}{at})"


def _coverage(offset: str = "") -> str:
    """PromQL of the coverage of the youngest age that is wholly mature; each age begins where the one before ends."""
    return " or on () ".join(
        f'avg(model_label_coverage_ratio{{{EXPORTED}, age="{age}"}}{offset})'
        f" and on () max(model_label_maturity_seconds{_RAW}{offset}) <= {begins}"
        for age, begins in AGES.items()
    )


def _share_of_labels(name: str) -> str:
    labels = f"increase(model_labels_{name}_total{_RAW}[$__rate_interval])"
    return f"(sum({labels}) > 0) / (sum(increase(model_labels_total{_RAW}[$__rate_interval])) > 0)"


def _delay() -> Panel:
    def mean(offset: str = "") -> str:
        delays, count = (
            f"sum(rate(model_label_delay_seconds_{part}{_RAW}[$__rate_interval]{offset}))" for part in ("sum", "count")
        )
        return f"{delays} / ({count} > 0)"

    visualisation = (
        lines()
        .min(0)
        .decimals(1)
        .override_by_query("A", coloured(BLUE, custom__lineWidth=3))
        .override_by_query("C", coloured(SKY, custom__lineWidth=1))
        .override_by_query("D", dashed(GREY))
        .override_by_query("E", coloured(TEAL, custom__lineWidth=1))
    )
    return panel(
        53,
        visualisation,
        [
            over_time(mean(" offset 1w"), "Mean delay, last week", ref_id="E", interval="15m"),
            over_time(mean(), "Mean delay", ref_id="A", interval="15m"),
            over_time(
                f"time() - max(model_label_last_timestamp_seconds{_RAW})",
                "Age of the newest",
                ref_id="C",
                interval="1m",
            ),
            over_time(f"max(model_label_maturity_seconds{_RAW})", "Predictions count from", ref_id="D", interval="1m"),
        ],
        title="Label delay",
        description="How late labels come on average, and the age of the newest one. Good: level, as last week, and "
        "below the dashed line, the age from which predictions count in the loss. The newest one grows older all "
        "the time: the job that writes labels has stopped.",
        unit="s",
        empty="No labels have come, so no delay is known",
        width=8,
        height=_HEIGHT,
    )


def _traffic() -> Panel:
    visualisation = (
        lines()
        .min(0)
        .axis_label("Predictions per hour")
        .override_by_query("A", coloured(BLUE, custom__fillOpacity=20))
        .override_by_query("B", coloured(TEAL, custom__lineWidth=1))
        .override_by_query("C", dashed(GREY))
        .override_by_query(
            "D", coloured(PURPLE, custom__axisPlacement="right", custom__axisLabel="Exporters", unit="none", decimals=0)
        )
        .override_by_name("Usual, least", coloured(GREY, custom__lineWidth=0))
        .override_by_name(
            "Usual, most",
            coloured(GREY, custom__fillBelowTo="Usual, least", custom__fillOpacity=20, custom__lineWidth=0),
        )
    )
    # What is expected is made of this series: anything else would be beside it now and then, and be no less.
    hour = f"model:records:increase1h{_OF_MODEL}"
    usual = f"sum(model_traffic_usual_records{_RAW})"
    blind = f'model:exporters:count{{{MODEL}, state=~"down|input_unreadable"}}'
    return panel(
        51,
        visualisation,
        [
            over_time(hour, "Now", ref_id="A", interval="1m"),
            over_time(f"{hour} offset 1w", "Last week", ref_id="B", interval="1m"),
            # Of a model that is too young for a habit, what came yesterday and last week.
            over_time(
                f"{usual} or on () model:records_expected:min1h{_OF_MODEL}", "Expected", ref_id="C", interval="1m"
            ),
            over_time(f"sum(model_traffic_usual_records_upper_bound{_RAW})", "Usual, most", ref_id="E", interval="1m"),
            over_time(f"sum(model_traffic_usual_records_lower_bound{_RAW})", "Usual, least", ref_id="F", interval="1m"),
            over_time(f"sum({blind}) > 0", "Exporters down or blind", ref_id="D", interval="1m"),
        ],
        title="Traffic",
        description="Predictions of the hour before. Good: about the dashed line, the mean of the same time in four weeks (of a "
        "young model, the least of yesterday and last week); the grey band is how far it strays. Nothing where there should be: "
        "ask the service, then its log, then the exporters (purple: some are down, or cannot read).",
        unit="short",
        empty="No exporter watches this model",
        width=8,
        height=_HEIGHT,
    )


def _not_judged() -> Panel:
    others = "".join(
        f' or label_replace({expression}, "reason", "{reason}", "", "")' for reason, (expression, *_) in _OTHERS.items()
    )
    reasons = f"(min by (reason) (model_not_evaluable{_RAW}) == 1{others})"
    both = (
        f'label_replace(label_replace({reasons}, "meaning", "$1", "reason", "(.+)"), "first", "$1", "reason", "(.+)")'
    )
    parts = {name: text.partition(" First: ") for name, text in REASONS.items()}
    parts |= {name: (meaning, "", first) for name, (_, meaning, first) in _OTHERS.items()}
    visualisation = (
        tabular()
        .override_by_name("Reason", properties(custom__width=190))
        .override_by_name(
            "What it means",
            properties(
                custom__inspect=True, mappings=_texts({name: meaning for name, (meaning, _, _) in parts.items()})
            ),
        )
        .override_by_name(
            "Do this first",
            properties(
                custom__inspect=True,
                mappings=_texts({name: first[:1].upper() + first[1:] for name, (_, _, first) in parts.items()}),
            ),
        )
        .with_transformation(
            transformation(
                "organize",
                excludeByName={"Time": True, "Value": True, "model": True},
                indexByName={"reason": 0, "meaning": 1, "first": 2},
                renameByName={"reason": "Reason", "meaning": "What it means", "first": "Do this first"},
            )
        )
    )
    return panel(
        52,
        visualisation,
        [rows(both)],
        title="Cannot be judged",
        description="What no alert would tell, and why. Good: everything can be judged. It is no fault of the model; "
        "do what the last column says. After six hours it is a ticket: runbook ModelDriftNotEvaluable.",
        unit="none",
        empty="Everything can be judged",
        width=24,
        height=4,
    )


def off(monitors: Sequence[MonitorSpec]) -> Panel:
    """The panel about monitors that do not run for the model."""
    visualisation = (
        tabular()
        .override_by_name("Monitor", properties(mappings=_texts({spec.name: spec.title for spec in monitors})))
        .with_transformation(
            transformation(
                "organize",
                excludeByName={"Time": True, "Value": True},
                indexByName={"monitor": 0, "reason": 1},
                renameByName={"monitor": "Monitor", "reason": "Reason"},
            )
        )
    )
    return panel(
        54,
        visualisation,
        [rows(f"max by (monitor, reason) (model_monitor_off{_RAW})")],
        title="Monitors that are off",
        description="What is not watched for this model at all, because its reference lacks what the monitor needs. Good: none, "
        "or only what you do not need, such as the loss of a model without labels. To have one of them, build the "
        "reference again from rows that show it.",
        unit="none",
        empty="All monitors run",
        width=24,
        height=4,
    )


def _texts(texts: dict[str, str]) -> list[dict[str, object]]:
    """Value mappings that show one text instead of another."""
    options = {name: {"text": text, "index": index} for index, (name, text) in enumerate(texts.items())}
    return [{"type": "value", "options": options}]


LABELS = (_labels(), _delay())
"""Panels about labels."""

TRAFFIC = (_traffic(),)
"""The panel about traffic."""

NOT_JUDGED = (_not_judged(),)
"""The panel about what cannot be judged."""
