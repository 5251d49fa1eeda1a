"""Dashboard Model: what happened to a model and since when, at a glance."""

from __future__ import annotations

from .annotations import ANNOTATIONS
from .model_evidence import EVIDENCE
from .model_features import FEATURES
from .model_figures import FIGURES
from .model_loss import LOSS
from .model_outputs import OUTPUTS
from .model_status import STATUS
from .model_supply import LABELS, NOT_JUDGED, TRAFFIC
from .page import Page, Row
from .variables import data_source, job, loss_window, model, window

__all__ = ["MODEL"]

MODEL = Page(
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
        Row([*LABELS, *TRAFFIC, *NOT_JUDGED], "Labels and traffic", 92),
        Row(FIGURES, "Every figure of performance", 93, collapsed=True),
    ],
    annotations=ANNOTATIONS,
)
