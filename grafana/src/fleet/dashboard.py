"""Dashboard Fleet: which of all models needs somebody, now and in the last day."""

from __future__ import annotations

from ..page import Page, Row
from ..variables import data_source, job, model
from .models import MODELS
from .status import STATUS
from .time import OVER_TIME

__all__ = ["FLEET"]

FLEET = Page(
    name="fleet",
    title="Fleet",
    description="All models, one a row, the worst on top: which of them needs somebody, and why.",
    variables=[data_source(), job(), model(many=True)],
    rows=[Row(STATUS), Row(MODELS), Row(OVER_TIME)],
)
