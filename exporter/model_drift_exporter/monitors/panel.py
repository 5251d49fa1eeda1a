"""A panel of the dashboard Model as plain data; ``grafana/src`` draws it in the row "More monitors"."""

from __future__ import annotations

from typing import Literal

import attrs

from ..metrics.metric import Metric

__all__ = ["PanelQuery", "PanelSpec"]


@attrs.frozen
class PanelQuery:
    """A metric of one model, merged over replicas by ``merge`` with the labels ``by`` kept; a counter as its rate.

    ``legend`` is a text with labels in double braces, such as ``{{window}}``; empty: the labels.
    """

    metric: Metric
    by: tuple[str, ...] = ()
    merge: Literal["max", "min", "avg", "sum"] = "max"
    legend: str = ""


@attrs.frozen
class PanelSpec:
    """One panel. ``name`` is unique among all monitors' panels and keeps its number in links for ever.

    ``description`` says what it shows, what good looks like and what to do next; ``unit`` is Grafana's, such as
    ``percentunit``; ``empty`` says why there may be nothing. ``threshold`` is drawn as a line where there is one.
    """

    name: str
    title: str
    description: str
    queries: tuple[PanelQuery, ...]
    empty: str
    unit: str = "none"
    kind: Literal["lines", "number"] = "lines"
    threshold: float | None = None
