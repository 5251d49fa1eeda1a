"""Queries of dashboard Model with its variables chosen, for promtool."""

from __future__ import annotations

from collections.abc import Mapping

from tests.grafana.dashboard_file import FOLDER, Panel, read
from tests.grafana.substitution import ALL, substituted, with_intervals

__all__ = ["CHOSEN", "MODEL", "PANELS", "TARGETS", "model_query"]

MODEL = read(FOLDER / "model.json")
PANELS: Mapping[int, Panel] = {panel.id: panel for panel in MODEL.panels if panel.id is not None}
CHOSEN = {"datasource": "default", "job": ALL, "model": "credit", "window": "1h", "loss_window": "24h"}
TARGETS = {"a": {"job": "exporter", "instance": "a"}, "b": {"job": "exporter", "instance": "b"}}
"""Labels of two replicas."""


def model_query(panel: int, ref_id: str = "A", **chosen: str) -> str:
    """A query of a panel as it is asked at one moment, which is the end of the time range."""
    [target] = [target for target in PANELS[panel].targets if target.ref_id == ref_id]
    text = substituted(target.expression, MODEL.variables, {**CHOSEN, **chosen})
    return with_intervals(text, {"__range": "3600s", "__rate_interval": "600s"}).replace(" @ end()", "")
