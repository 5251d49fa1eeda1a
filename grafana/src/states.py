"""Dashboard Fleet, what all its panels are about: the states of the chosen models."""

from __future__ import annotations

from prometheus.src.targets import TARGETS

from .colours import VERDICTS, VERMILION
from .variables import CHOSEN_MODELS

__all__ = ["EMPTY", "OF_CHOSEN_JOBS", "STATE", "STATES", "UNWATCHED", "chosen"]

UNWATCHED = 4
STATES = {**VERDICTS, UNWATCHED: ("Not watched", VERMILION)}
"""Text and colour for each value of ``model:state:max``."""

EMPTY = "No model: nothing was recorded about the chosen ones in this time"

# Recorded series are merged over replicas and have no job. A model without any target is shown whatever the jobs: that it
# is missing is what one must see.
OF_CHOSEN_JOBS = (
    f'unless on (model) ({TARGETS}{{job!~"$job"}} @ end() unless on (model) {TARGETS}{{job=~"$job"}} @ end())'
)
"""PromQL that follows values with the label model, and leaves out those of models that only other jobs watch."""

STATE = f"(model:state:max{{{CHOSEN_MODELS}}} {OF_CHOSEN_JOBS})"
"""PromQL of the states of the chosen models, of the chosen jobs."""


def chosen(expression: str) -> str:
    """A value for each model, of the chosen ones only."""
    return f"{expression} and on (model) {STATE}"
