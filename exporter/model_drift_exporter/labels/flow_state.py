"""What the label flow of one model knows, and how it goes on from a snapshot."""

from __future__ import annotations

import math
from typing import Any

from ..evidence.alarms import Alarm
from ..reference.outcome_batch import OutcomeLayout
from ..reference.profile import ReferenceProfile
from .admission import Sample
from .delays import MATURE_SHARE, DelayHistogram, Maturity
from .evaluability import LabelHealth, LabelState, unmatched
from .label_clock import FlowClock
from .label_store import LabelStore
from .metrics import Coverage
from .release import Releaser
from .ripening import Ripening
from .set_aside import SetAside
from .settings import LabelSettings

__all__ = ["FlowState"]

_ENOUGH_LABELS = 100


class FlowState:
    """The store, the clock, and what is known of delays and label health. ``events`` is the number of events so far."""

    def __init__(
        self,
        model: str,
        reference: ReferenceProfile,
        layout: OutcomeLayout,
        settings: LabelSettings,
        *,
        probabilities: bool,
    ) -> None:
        self.layout = layout
        self.clock = FlowClock()
        self.store = LabelStore(layout, settings.capacity, probabilities=probabilities)
        self.sample = Sample(settings)
        self.releaser = Releaser()
        self.delays = DelayHistogram(model)
        self.read_delays = DelayHistogram(model)
        self.ripening = Ripening(layout)
        self.ripe_age: float | None = None
        self.set_aside = SetAside()
        self.health = LabelHealth(reference, layout, settings)
        self.maturity = Maturity(0.0 if settings.delay_independent else settings.maturity)
        self.events = 0
        self.unfair = False
        self.first_prediction: float | None = None
        self._coverage: tuple[int, Coverage] | None = None

    def begin(self, time: float) -> None:
        """Note the event time of a prediction. Only that of the first one is kept."""
        if self.first_prediction is None:
            self.first_prediction = time

    def look(self, now: float, *, ended: bool = False) -> None:
        """Update the maturity, and the age at which a label should have been read."""
        if self.first_prediction is not None:
            self.maturity.look(self.delays, now - self.first_prediction, ended=ended)
        mature = self.maturity.seconds
        if mature is None or self.read_delays.labels < _ENOUGH_LABELS:
            self.ripe_age = None
        elif math.isfinite(read := self.read_delays.quantile(MATURE_SHARE)):
            self.ripe_age = max(mature, read)

    @property
    def looks_often(self) -> bool:
        """Whether it is not known yet when outcomes count, or when labels should have come."""
        return self.maturity.seconds is None or (self.maturity.fixed and self.ripe_age is None)

    def settle(self) -> None:
        """Labels that led the model's clock were right."""
        self.delays.settle()
        self.health.settle()

    def set_back(self, now: float, model: float) -> None:
        """The clock went back to ``now``: labels that led the model's clock were wrong, or that clock itself was."""
        self.delays.withdraw()
        self.health.set_back(now)
        self.releaser.set_back(now)
        self.sample.set_back(model)
        if self.first_prediction is not None:
            self.first_prediction = min(self.first_prediction, model)
        self.look(now)

    def coverage(self) -> Coverage:
        """Which predictions have labels, after the last event."""
        if self._coverage is None or self._coverage[0] != self.events:
            self._coverage = (self.events, self._cover(self.clock.now))
        return self._coverage[1]

    def finish(self, now: float) -> None:
        """The input has ended at ``now``. No prediction will judge the labels that still lead, so they count as right."""
        self.settle()
        self.look(now, ended=True)
        self._coverage = None

    def _cover(self, now: float) -> Coverage:
        return Coverage.of(self.store, self.layout, now, self.maturity.seconds)

    @property
    def selects(self) -> bool:
        """Whether the labels so far are a biased sample of the outcomes, and so no evidence on the loss."""
        return self.health.seen and (self.health.only_one_class or self.ripening.shares.selective or self._mostly_alone)

    @property
    def _mostly_alone(self) -> bool:
        return self.health.mostly_alone and not self.health.settings.sampled

    def label_state(self, broken_input: Alarm | None) -> LabelState:
        """The state of the labels after the last event.

        ``broken_input`` is the alarm that keeps outcomes from the loss monitor while it is active.
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
            selective=self.health.seen and self.ripening.shares.selective,
            few_labelled=self._mostly_alone or (self.ripening.few_labelled and not self.health.settings.sampled),
            set_aside=self.set_aside.reasons(now, maturity or 0.0),
            unmatched=self.health.seen and unmatched(self.store, now, maturity),
            counted=math.isfinite(self.releaser.latest),
            excluded_since=excluded,
        )

    def take_over(self, old: FlowState, settings: LabelSettings) -> None:
        """Go on with the state of a flow with the same reference, under other settings."""
        self.store, self.releaser, self.clock = old.store, old.releaser, old.clock
        self.sample, self.delays, self.read_delays = old.sample, old.delays, old.read_delays
        self.ripening, self.ripe_age, self.set_aside = old.ripening, old.ripe_age, old.set_aside
        self.store.capacity, self.sample.settings = settings.capacity, settings
        self.maturity.restore(old.maturity.snapshot())
        self.health.restore(old.health.snapshot())
        self.events, self.first_prediction, self.unfair = old.events, old.first_prediction, old.unfair

    def snapshot(self) -> dict[str, Any]:
        """The store's arrays are views: write or copy them before the next batch."""
        return {
            "store": self.store.snapshot(),
            "releaser": self.releaser.snapshot(),
            "clock": self.clock.snapshot(),
            "sample": self.sample.snapshot(),
            "delays": self.delays.snapshot(),
            "read_delays": self.read_delays.snapshot(),
            "ripening": self.ripening.snapshot(),
            "ripe_age": self.ripe_age,
            "set_aside": self.set_aside.snapshot(),
            "maturity": self.maturity.snapshot(),
            "health": self.health.snapshot(),
            "events": self.events,
            "first_prediction": self.first_prediction,
            "unfair": self.unfair,
        }

    def restore(self, state: Any) -> None:
        """Go on from :meth:`snapshot`; raises :class:`StateError` or another error (``KeyError``, …) if it does not fit."""
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
        if "ripening" in state:
            self.read_delays.restore(state["read_delays"])
            self.ripening.restore(state["ripening"], self.store.size)
            self.ripe_age = None if (age := state["ripe_age"]) is None else float(age)
            self.set_aside.restore(state["set_aside"])
