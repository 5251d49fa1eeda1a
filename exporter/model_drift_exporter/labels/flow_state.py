"""Everything that a label flow goes on with after a restart."""

from __future__ import annotations

import math
from typing import Any

from ..evidence.alarms import Alarm
from ..reference.outcomes import OutcomeLayout
from ..reference.profile import ReferenceProfile
from .clock import FlowClock
from .coverage import Coverage, selective
from .delays import MATURE_SHARE, DelayHistogram, Maturity
from .evaluability import LabelHealth, LabelState
from .matching import unmatched
from .options import LabelOptions
from .releasing import Releaser
from .sample import Sample
from .store import LabelStore

__all__ = ["FlowState"]


class FlowState:
    """What waits, what time it is, and what is known of delays and health; ``events`` is how many have come."""

    def __init__(
        self,
        model: str,
        reference: ReferenceProfile,
        layout: OutcomeLayout,
        options: LabelOptions,
        *,
        probabilities: bool,
    ) -> None:
        self.layout = layout
        self.clock = FlowClock()
        self.store = LabelStore(layout, options.capacity, probabilities=probabilities)
        self.sample = Sample(options)
        self.releaser = Releaser()
        self.delays = DelayHistogram(model)
        self.health = LabelHealth(reference, layout, options)
        self.maturity = Maturity(0.0 if options.delay_independent else options.maturity)
        self.events = 0
        self.unfair = False
        self.first_prediction: float | None = None
        self._coverage: tuple[int, Coverage] | None = None

    def begin(self, time: float) -> None:
        """Note the event time of a prediction; the first one counts."""
        if self.first_prediction is None:
            self.first_prediction = time

    def look(self, now: float) -> None:
        """Judge the maturity again."""
        if self.first_prediction is not None:
            self.maturity.look(self.delays, now - self.first_prediction)

    def settle(self) -> None:
        """Labels that led the model's clock were right."""
        self.delays.settle()
        self.health.settle()

    def set_back(self, now: float, model: float) -> None:
        """The clock fell to ``now``: labels that led the model's clock were wrong, or that clock itself was."""
        self.delays.withdraw()
        self.health.set_back(now)
        self.releaser.set_back(now)
        self.sample.set_back(model)
        if self.first_prediction is not None:
            self.first_prediction = min(self.first_prediction, model)
        self.look(now)

    def coverage(self) -> Coverage:
        """Which predictions have labels after the last event."""
        if self._coverage is None or self._coverage[0] != self.events:
            self._coverage = (self.events, self._cover(self.clock.now))
        return self._coverage[1]

    def finish(self, now: float) -> None:
        """The input has ended at ``now``, the end of all times that labels led to."""
        self.settle()
        self.look(now)
        self._coverage = None

    def _cover(self, now: float) -> Coverage:
        return Coverage.of(self.store, self.layout, now, self.maturity.seconds)

    def unfair_at(self, now: float) -> bool:
        """Whether the labels that have come are no fair sample of the outcomes, so that they are no evidence on the loss.

        ``now`` is the clock at the last event that has been taken in. :attr:`clock` may be far ahead of that: it knows all
        events of a chunk at once. Predictions whose labels come later in the chunk would look as if nobody labelled them.
        """
        return self.health.seen and (self.health.only_one_class or selective(self._cover(now)))

    def label_state(self, broken_input: Alarm | None) -> LabelState:
        """Where the labels stand after the last event.

        ``broken_input`` is the alarm whose latch keeps outcomes from the harm monitor.
        """
        now, maturity = self.clock.now, self.maturity.seconds
        excluded = None
        if broken_input is not None and broken_input.active and broken_input.since is not None:
            onset = broken_input.since if broken_input.onset is None else broken_input.onset
            excluded = max(broken_input.since, onset + (maturity or 0.0))
        return LabelState(
            now=now,
            first_prediction=self.first_prediction,
            delay=self.delays.quantile(MATURE_SHARE) if self.delays.labels else 0.0,
            selective=self.health.seen and selective(self.coverage()),
            unmatched=self.health.seen and unmatched(self.store, now, maturity),
            counted=math.isfinite(self.releaser.latest),
            excluded_since=excluded,
        )

    def take_over(self, old: FlowState, options: LabelOptions) -> None:
        """Go on with the state of a flow with the same reference, under other options."""
        self.store, self.releaser, self.clock = old.store, old.releaser, old.clock
        self.sample, self.delays = old.sample, old.delays
        self.store.capacity, self.sample.options = options.capacity, options
        self.maturity.restore(old.maturity.snapshot())
        self.health.restore(old.health.snapshot())
        self.events, self.first_prediction, self.unfair = old.events, old.first_prediction, old.unfair

    def snapshot(self) -> dict[str, Any]:
        """State for a snapshot. The store's arrays are views: write or copy them before the next batch."""
        return {
            "store": self.store.snapshot(),
            "releaser": self.releaser.snapshot(),
            "clock": self.clock.snapshot(),
            "sample": self.sample.snapshot(),
            "delays": self.delays.snapshot(),
            "maturity": self.maturity.snapshot(),
            "health": self.health.snapshot(),
            "events": self.events,
            "first_prediction": self.first_prediction,
            "unfair": self.unfair,
        }

    def restore(self, state: Any) -> None:
        """Go on from :meth:`snapshot`; raises :class:`StateError` or what wrong types lead to if it does not fit."""
        self.store.restore(state["store"])
        self.releaser.restore(state["releaser"], self.store.size)
        self.clock.restore(state["clock"])
        self.sample.restore(state["sample"])
        self.delays.restore(state["delays"])
        self.maturity.restore(state["maturity"])
        self.health.restore(state["health"])
        self.events = int(state["events"])
        self.first_prediction = None if (first := state["first_prediction"]) is None else float(first)
        self.unfair = bool(state["unfair"])
