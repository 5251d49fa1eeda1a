"""The promise of false alarms, and the dependence that live records have shown, as metrics of one monitor."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ..evidence.promise import BASES, Promise
from ..metrics.metric import Group, Metric, gauge
from ..metrics.samples import Samples, Series

__all__ = ["INPUTS_PROMISE", "LOSS_PROMISE", "PromiseSeries"]


def _metrics(about: str, what: str) -> Mapping[str, Metric]:
    """The metrics of what is said about ``about``: its name in metrics, and ``what`` it is in words."""
    return {
        "basis": gauge(
            f"model_{about}_promise_basis",
            "model basis",
            f"1 for what the promise of false alarms about {what} rests on: reference, live (records of eight days), or not_yet.",
            Group.DEPENDENCE,
        ),
        "since": gauge(
            f"model_{about}_promise_since_timestamp_seconds",
            "model",
            f"Event time since when live records show how {what} depend on one another; 0 before.",
            Group.DEPENDENCE,
        ),
        "effect": gauge(
            f"model_{about}_live_design_effect",
            "model family",
            f"How many dependent live records count as one in evidence about {what}, the largest of its family; 1 if they show "
            "no more dependence than the reference.",
            Group.DEPENDENCE,
        ),
    }


INPUTS_PROMISE = _metrics("inputs", "inputs and predictions")
LOSS_PROMISE = _metrics("loss", "losses")


class PromiseSeries:
    """The series of one model; ``families`` are those of its live design effects."""

    def __init__(self, metrics: Mapping[str, Metric], model: str, families: Sequence[str]) -> None:
        self._basis = Series(metrics["basis"], [(model, basis) for basis in BASES])
        self._since = Series(metrics["since"], [(model,)])
        self._effect = Series(metrics["effect"], [(model, family) for family in families])

    def collect(self, promise: Promise, live_since: float | None, effects: Sequence[float]) -> Iterable[Samples]:
        """Samples now. ``live_since`` is told even where the reference is the basis."""
        yield self._basis.samples([float(basis == promise.basis) for basis in BASES])
        yield self._since.samples([0.0 if live_since is None else live_since])
        yield self._effect.samples([*effects])
