"""A story that can be replayed: a model, what it was accepted on, its traffic, and what goes wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import attrs

from .incident import Incident
from .logistic import LogisticModel
from .requests import Requests

__all__ = ["Scenario"]


@attrs.frozen(eq=False)
class Scenario:
    """``reference`` are the requests that the model was accepted on, with their outcomes.

    ``live()`` gives the traffic from ``start`` (seconds since the epoch) on, in blocks that follow each other in time.
    ``speed`` is in seconds of event time a second, ``lasts`` how many seconds of event time the traffic goes on.
    ``windows`` suit the traffic; the first is the one to look at and counts records. ``introduction`` are sentences for
    the terminal.
    """

    name: str
    version: str
    positive: str
    negative: str
    threshold: float
    model: LogisticModel
    reference: Requests
    live: Callable[[], Iterator[Requests]]
    start: float
    speed: float
    lasts: float
    windows: tuple[str, ...]
    incident: Incident
    introduction: Sequence[str]
