"""Dashboard Model, outputs: what the model says more or less often than in its reference, and how sure it is."""

from __future__ import annotations

from collections.abc import Sequence

from .. import bins
from ..differences import differences
from ..panels import Panel, panel
from ..queries import over_time
from ..shares import share_heat
from ..variables import EXPORTED, MODEL
from . import confidence

__all__ = ["OUTPUTS"]

_OBSERVATIONS = f"model_reference:prediction_observations:increase$window{{{MODEL}}}"
_RANGES = f"model_confidence_reference_observations{{{EXPORTED}}}"
_SURE = f"model_confidence_count{{{EXPORTED}}}"
_NOTHING = "too few to compare yet"
_STEP = "5m"
_HEIGHT = 8


def _or_one_row(expression: str, needed: Sequence[str], nothing: str) -> str:
    """One row that says why there is none: Grafana 9.4 has no words of ours for an empty timeline or heatmap."""
    # What began within the last step is not drawn yet.
    none = " or on () ".join(
        f"absent_over_time({each}[$__range]{bins.END} offset {_STEP}) * {nothing}" for each in needed
    )
    return f'{expression} or label_replace({none}, "row", "{_NOTHING}", "", "")'


def _predicted(expression: str, nothing: str) -> str:
    seen = bins.only_seen("prediction", "$window", expression)
    named = bins.with_usual(seen, bins.share_in_reference("prediction", bins.END))
    return _or_one_row(named, [_OBSERVATIONS], nothing)


def _sure(expression: str, nothing: str) -> str:
    named = bins.with_usual(expression, confidence.share_in_reference(bins.END))
    return _or_one_row(named, [_RANGES, _SURE], nothing)


def _shares(identifier: int, title: str, description: str, expression: str, *, empty: str, rows: str) -> Panel:
    return panel(
        identifier,
        share_heat(rows),
        [over_time(expression, "{{row}}", interval=_STEP)],
        title=title,
        description=description,
        unit="percentunit",
        empty=empty,
        width=12,
        height=_HEIGHT,
    )


def _differences(identifier: int, title: str, description: str, expression: str, empty: str) -> Panel:
    return panel(
        identifier,
        differences(),
        [over_time(expression, "{{row}}", interval=_STEP)],
        title=title,
        description=description,
        unit="percentunit",
        empty=empty,
        width=12,
        height=_HEIGHT,
    )


_WITHOUT_PREDICTIONS = "No predictions in this window, or no reference yet"
_WITHOUT_PROBABILITIES = "The model logs no probabilities, so there is no confidence"

OUTPUTS = (
    _differences(
        40,
        "Predictions",
        "How the share of each prediction, over the window before, differs from its usual share, that in the "
        "reference: blue more, grey less, blank within chance. Good: blank. Colour that begins at one moment, and no "
        "feature moved: was a version or a threshold changed? Would that share of answers hurt somebody? "
        "Too few to compare: wait for traffic, choose a longer window, or it has no reference.",
        _predicted(bins.difference_beyond_chance("prediction", "$window"), "NaN"),
        _WITHOUT_PREDICTIONS,
    ),
    _differences(
        41,
        "Confidence",
        "How the share of each probability of the top class, over the window before, differs from its usual share: "
        "blue more, grey less, blank within chance. Good: blank. More in the upper rows: the model is less sure, "
        "mostly of cases that it does not know; look at Features. Too few to compare: it logs no probabilities, has little "
        "traffic, or no reference.",
        _sure(confidence.difference_beyond_chance(), "NaN"),
        _WITHOUT_PROBABILITIES,
    ),
    _shares(
        42,
        "Share of each prediction",
        "The share of each prediction over the window before; the deeper, the more. Good: stripes, each in one tint "
        "from left to right, with the share that its name calls usual. What differs is above, in Predictions.",
        _predicted(bins.share_now("prediction", "$window"), "0"),
        empty=_WITHOUT_PREDICTIONS,
        rows="Prediction",
    ),
    _shares(
        43,
        "Share of each confidence",
        "The share of each probability of the top class over the window before; the deeper, the more. Good: stripes, "
        "each in one tint from left to right, with the share that its name calls usual. What differs is above, in "
        "Confidence.",
        _sure(confidence.share_now(), "0"),
        empty=_WITHOUT_PROBABILITIES,
        rows="Probability",
    ),
)
"""Panels about what the model says."""
