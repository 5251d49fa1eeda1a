"""Dashboard Exporter, status strip."""

from __future__ import annotations

from grafana_foundation_sdk.builders import common
from grafana_foundation_sdk.models import common as common_models

from prometheus.src.targets import DOWN

from ..colours import BLUE, ORANGE, PURPLE, TRANSPARENT, VERMILION, steps
from ..panels import Panel, number, panel
from ..queries import now, rows
from .targets import CHOSEN, of, selected

__all__ = ["REJECTED", "STATUS"]

_STRIP = 3
_EXPORTERS = f"group by (job, instance) ({CHOSEN})"
_DOWN = of(selected(DOWN))


def _lines(window: str) -> str:
    """PromQL of the lines read, rejected ones among them, by exporter."""
    parts = {
        "rejected": "model_drift_exporter_record_errors_total",
        "records": "model_records_total",
        "labels": "model_labels_total",
    }
    kinds = " or ".join(
        f'label_replace(sum by (job, instance) (rate({selected(metric, window)})), "kind", "{kind}", "", "")'
        for kind, metric in parts.items()
    )
    return f"sum by (job, instance) ({kinds})"


def _rejected(window: str) -> str:
    errors = f"sum by (job, instance) (rate({selected('model_drift_exporter_record_errors_total', window)}))"
    return of(f"{errors} / ({_lines(window)} > 0)")


REJECTED = _rejected("[1h]")
"""PromQL of the share of lines that were rejected in the last hour, by exporter, as alert ModelRecordErrorsHigh has it."""


def _up() -> Panel:
    return panel(
        1,
        number().decimals(0).thresholds(steps(TRANSPARENT, (0, VERMILION), (1, BLUE))),
        [now(f"count({_EXPORTERS} unless on (job, instance) ({_DOWN})) or count({_EXPORTERS}) * 0")],
        title="Up",
        description="Exporters that answer Prometheus. Good: as many as were started.",
        unit="none",
        empty="No exporter known",
        width=3,
        height=_STRIP,
    )


def _down() -> Panel:
    return panel(
        2,
        number().decimals(0).thresholds(steps(TRANSPARENT, (1, ORANGE))),
        [now(f"count({_DOWN}) or count({_EXPORTERS}) * 0")],
        title="Down",
        description="Exporters that do not answer. Good: 0. Else see in panel Inputs which, then runbook ModelExporterDown.",
        unit="none",
        empty="No exporter known",
        width=3,
        height=_STRIP,
    )


def _unreadable() -> Panel:
    inputs = of(selected("model_drift_exporter_input_up"))
    return panel(
        3,
        number().decimals(0).thresholds(steps(TRANSPARENT, (1, PURPLE))),
        [now(f"count({inputs} == 0) or count({inputs}) * 0")],
        title="Unreadable",
        description="Logs that an exporter is told to read and cannot. Good: 0. Else see in panel Inputs which, then runbook "
        "ModelExporterInputDown.",
        unit="none",
        empty="No exporter answers",
        width=4,
        height=_STRIP,
    )


def _lag() -> Panel:
    return panel(
        4,
        number().thresholds(steps(TRANSPARENT, (600, ORANGE))),
        [now(f"max({of(selected('model_drift_exporter_input_lag_seconds'))})")],
        title="Worst lag",
        description="How long the slowest input has not been caught up with. Good: seconds. From 10 minutes on it is a ticket: "
        "alerts come late by as much. Is panel Lag growing?",
        unit="s",
        empty="No exporter answers",
        width=4,
        height=_STRIP,
    )


def _share() -> Panel:
    return panel(
        5,
        number().decimals(2).thresholds(steps(TRANSPARENT, (0.01, ORANGE))),
        [now(f"max({REJECTED})")],
        title="Rejected, 1 h",
        description="Share of the lines of the last hour that could not be read, where it is highest. Good: 0. "
        "From 1 % on it is a ticket; panel Rejected lines says why.",
        unit="percentunit",
        empty="Nothing was read",
        width=5,
        height=_STRIP,
    )


def _version() -> Panel:
    visualisation = (
        number()
        .color_mode(common_models.BigValueColorMode.NONE)
        .text_mode(common_models.BigValueTextMode.VALUE)
        .reduce_options(common.ReduceDataOptions().values(True).fields("/^version$/").limit(4))
    )
    return panel(
        6,
        visualisation,
        [rows(f"count by (version) ({of(selected('model_drift_exporter_build_info'))})")],
        title="Version",
        description="Versions of the exporters that run. Good: one. Two during a roll-out; if it stays so, finish it.",
        unit="none",
        empty="No exporter answers",
        width=5,
        height=_STRIP,
    )


STATUS = (_up(), _down(), _unreadable(), _lag(), _share(), _version())
"""Panels of the strip on top."""
