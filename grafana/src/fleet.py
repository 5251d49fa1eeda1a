"""Dashboard Fleet: which of all models needs somebody, now and in the last day."""

from __future__ import annotations

from .fleet_models import MODELS
from .fleet_status import STATUS
from .fleet_time import OVER_TIME
from .page import Page, Row
from .variables import data_source, job, model

__all__ = ["FLEET"]

FLEET = Page(
    name="fleet",
    title="Fleet",
    description="All models, one a row, the worst on top: which of them needs somebody, and why.",
    variables=[data_source(), job(), model(many=True)],
    rows=[Row(STATUS), Row(MODELS), Row(OVER_TIME)],
)
