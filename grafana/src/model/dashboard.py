"""Dashboard Model: what happened to a model and since when, at a glance."""

from __future__ import annotations

from collections.abc import Sequence

from model_drift_exporter.monitors import MONITORS, MonitorSpec
from scripts.panel_numbers import numbers_of

from ..annotations import ANNOTATIONS
from ..page import Page, Row
from ..variables import data_source, job, loss_window, model, window
from .evidence import EVIDENCE
from .features import FEATURES
from .figures import FIGURES
from .loss import LOSS
from .monitors import monitor_rows
from .outputs import OUTPUTS
from .status import STATUS
from .supply import LABELS, NOT_JUDGED, TRAFFIC, off

__all__ = ["MODEL", "model_page"]


def model_page(monitors: Sequence[MonitorSpec]) -> Page:
    """The dashboard with the panels of some monitors."""
    return Page(
        name="model",
        title="Model",
        description="What happened to one model and since when: verdict, evidence, loss, features, outputs, labels.",
        variables=[data_source(), job(), model(), window(), loss_window()],
        rows=[
            Row(STATUS),
            Row(EVIDENCE),
            Row(LOSS),
            Row(FEATURES, "Inputs", 90),
            Row(OUTPUTS, "Outputs", 91),
            Row([*LABELS, *TRAFFIC, *NOT_JUDGED, off(monitors)], "Labels and traffic", 92),
            *monitor_rows(monitors, numbers_of(monitors)),
            Row(FIGURES, "Every figure of performance", 93, collapsed=True),
        ],
        annotations=ANNOTATIONS,
    )


MODEL = model_page(MONITORS)
