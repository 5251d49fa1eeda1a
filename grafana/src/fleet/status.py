"""Dashboard Fleet, status strip: how many models are in which state."""

from __future__ import annotations

from ..colours import TRANSPARENT, steps
from ..panels import Panel, number, panel
from ..queries import now
from ..states import STATE, STATES, UNWATCHED

__all__ = ["STATUS"]


def _tile(identifier: int, state: int, width: int, description: str, title: str = "") -> Panel:
    text, colour = STATES[state]
    return panel(
        identifier,
        number().decimals(0).thresholds(steps(TRANSPARENT, (1, colour))),
        [now(f"count({STATE} == {state}) or count({STATE}) * 0", text)],
        title=title or text,
        description=description,
        unit="none",
        empty="No model recorded",
        width=width,
        height=3,
    )


STATUS = (
    _tile(
        1,
        3,
        5,
        "Models for which somebody is woken: broken input, or more mistakes than are tolerated. Good: 0. "
        "Else open the model, top row of the table.",
    ),
    _tile(
        5,
        UNWATCHED,
        5,
        "Models for which nobody is looking: every exporter is down, gone, or cannot read its log, although predictions are "
        "expected. Good: 0. Else somebody was woken for it; go to dashboard Exporter.",
    ),
    _tile(
        2,
        2,
        5,
        "Models with something worth a look in daylight, and nothing worse. Good: few. Take them from top to bottom.",
    ),
    _tile(
        3,
        1,
        5,
        "Models of which a part cannot be judged, such as the loss without labels, so that no alert would tell. Good: 0, or "
        "those of which you know. Each model's dashboard says why.",
        "Not judged",
    ),
    _tile(4, 0, 4, "Models that are watched, and nothing was found. Good: all others are 0."),
)
"""Panels of the strip on top, the worst first."""
