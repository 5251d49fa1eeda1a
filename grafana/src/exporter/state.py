"""Dashboard Exporter, what it remembers: the snapshot of its state, and the configuration in force."""

from __future__ import annotations

from grafana_foundation_sdk.builders import common

from ..colours import BLUE, ORANGE, TRANSPARENT, names
from ..panels import Panel, panel, properties, tabular, transformation
from ..queries import over_time, rows
from .lines import alike, beside
from .targets import WHOLE, ever, of, selected

__all__ = ["STATE"]

_HEIGHT = 9
_STALE = 3600
_SAVED = "model_drift_exporter_snapshot_timestamp_seconds"
_COLUMNS = {
    "A": ("Last reload", "model_drift_exporter_config_last_reload_successful", ""),
    "B": ("In force", "model_drift_exporter_config_last_reload_success_timestamp_seconds", " * 1000"),
    "C": ("Started", "process_start_time_seconds", " * 1000"),
    "D": ("State", "model_drift_exporter_snapshot_restored", ""),
    "E": ("Unknown", "model_drift_exporter_unknown_features", ""),
}
"""Column, metric and factor of each query of the table."""


def _snapshot() -> Panel:
    oldest = f"bottomk(5, {ever(f'max_over_time({selected(_SAVED, WHOLE)} @ end())')})"
    saved, size = (
        f"max by (job, instance) ({selected(metric)} and on (job, instance) {oldest})"
        for metric in (_SAVED, "model_drift_exporter_snapshot_bytes")
    )
    visualisation = alike(_STALE).override_by_query("B", beside("bytes", "Size"))
    return panel(
        20,
        visualisation,
        [
            over_time(f"time() - ({saved} > 0)", "{{instance}}", interval="1m"),
            over_time(size, "{{instance}}", ref_id="B", interval="1m"),
        ],
        title="Snapshot",
        description="How old the saved state is, and its size (axis on the right). Good: less than a minute. "
        "An hour (dashed) is a ticket: a restart would forget as much. Is the disk full, or read-only?",
        unit="s",
        empty="No exporter answers, or state.path is not set",
        width=12,
        height=_HEIGHT,
    )


def _configuration() -> Panel:
    reload = names({0: ("Refused", ORANGE), 1: ("Done", BLUE)})
    state = names({0: ("Begun anew", TRANSPARENT), 1: ("From its snapshot", TRANSPARENT)})
    titles = {"instance": "Exporter", **{f"Value #{query}": title for query, (title, _, _) in _COLUMNS.items()}}
    visualisation = (
        tabular()
        .override_by_regexp("/.*/", properties(noValue="–"))
        .override_by_name("Exporter", properties(custom__minWidth=130))
        .override_by_name(
            "Last reload", properties(mappings=reload, custom__displayMode="color-background-solid", custom__width=100)
        )
        .override_by_name("In force", properties(unit="dateTimeFromNow", custom__width=120))
        .override_by_name("Started", properties(unit="dateTimeFromNow", custom__width=120))
        .override_by_name("State", properties(mappings=state, custom__width=140))
        .override_by_name(
            "Unknown",
            properties(custom__width=90, description="Features in the log that no reference has, which nobody judges."),
        )
        .sort_by([common.TableSortByFieldState().display_name("Last reload").desc(False)])
        .with_transformation(transformation("merge"))
        .with_transformation(
            transformation(
                "organize",
                excludeByName={"Time": True, "job": True},
                indexByName={name: index for index, name in enumerate(titles)},
                renameByName=titles,
            )
        )
    )
    queries = [
        rows(f"({of(f'max by (job, instance) ({selected(metric)})')}){factor}", ref_id=query)
        for query, (_, metric, factor) in _COLUMNS.items()
    ]
    return panel(
        21,
        visualisation,
        queries,
        title="Configuration",
        description="Whether each exporter took its last configuration, since when the one in force is, when the exporter "
        "started, and whether it went on from its saved state. Good: done everywhere. Refused: its log names the line; it "
        "would not start with that file. Some refused and others not: their files differ.",
        unit="none",
        empty="No exporter answers",
        width=12,
        height=_HEIGHT,
    )


STATE = (_snapshot(), _configuration())
"""Panels of the row."""
