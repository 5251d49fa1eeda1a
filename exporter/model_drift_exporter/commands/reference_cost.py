"""What ``profile`` and ``check`` say of what a reference costs: about how long changes of a known size would take."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial

import attrs

from ..configuration.settings import Settings
from ..evidence.alarms import Alarms
from ..evidence.expected_delays import shift_delays
from ..monitors import ALARMS
from ..monitors.loss import LossSettings, doubled_loss_outcomes, why_loss_is_off
from ..reference.outcome_batch import OutcomeLayout
from ..reference.profile import ReferenceProfile
from ..words import excerpt, joined, percent

__all__ = ["ReferenceCost", "reference_cost"]

_ENOUGH_DAYS, _TIMES_ROWS = 30.0, 10.0
_NEARLY = 0.9
_FEWEST_DAYS = 8.0
"""A day's cycle can be told from dependence, and dependence over a day be seen, only in so many days."""
_SLOW_LABELS, _SLOW_RECORDS = 3_000.0, 10_000.0
_WORTH_IT, _MUCH_SOONER = 2.0, 5.0
"""How many times sooner it must be possible to be worth a warning, where the delay is long, and in any case."""
_SHORT = 1_000.0
"""A delay that is shorter is not worth a warning, whatever would shorten it."""
_SHOWN = 3


@attrs.frozen
class ReferenceCost:
    """Sentences on about how long changes would take. ``warnings`` are those that another reference would shorten much."""

    sentences: Sequence[str]
    warnings: Sequence[str]


@attrs.frozen
class _Delay:
    """A change: after how many labels or records it is found, now, with the larger reference, and at best."""

    change: str
    now: float
    larger: float
    best: float

    def slow(self, most: float) -> bool:
        """Whether the reference costs so much that it is worth a warning."""
        if self.now <= _SHORT or math.isinf(self.best):
            return False
        return (self.now > most and self.now >= _WORTH_IT * self.best) or self.now >= _MUCH_SOONER * self.larger


@attrs.frozen
class _Larger:
    """The reference to compare with: ``times`` as many rows, which ``words`` say."""

    times: float
    words: str

    def with_it(self, delays: Sequence[_Delay], then: str) -> str:
        """What it would make of delays, which ``then`` says, unless that is hardly less."""
        if all(_NEARLY * each.now < each.larger for each in delays):
            return f"a reference of {self.words} would hardly be sooner"
        return f"with a reference of {self.words} {then}"


def reference_cost(reference: ReferenceProfile, settings: Settings) -> ReferenceCost:
    """About how long a doubled error, and a shift of the slowest features by half a standard deviation, would take."""
    alarms = Alarms(reference.model, settings.monitoring.evidence.budgets, ALARMS)
    days = reference.days
    short = 0 < days < _NEARLY * _ENOUGH_DAYS
    larger = _Larger(_ENOUGH_DAYS / days, "30 days") if short else _Larger(_TIMES_ROWS, "ten times the rows")
    found = [
        _of_loss(reference, settings, alarms["ModelLossIncreased"].threshold, larger),
        _of_inputs(reference, settings, alarms["ModelFeatureDrift"].threshold, larger),
    ]
    warnings = [sentence for sentence, slow in found if slow]
    if warnings and short and days < _FEWEST_DAYS:
        warnings.append(
            f"{days:.2g} days do not show whether rows depend on each other or follow a cycle of the day, so these numbers are "
            f"rough; the season slots of a reference of {_FEWEST_DAYS:.0f} days or more may make those of inputs far smaller"
        )
    return ReferenceCost([sentence for sentence, slow in found if sentence and not slow], warnings)


def _of_loss(reference: ReferenceProfile, settings: Settings, threshold: float, larger: _Larger) -> tuple[str, bool]:
    """The sentence on a doubled error, empty where no error is judged, and whether it is a warning."""
    outcomes = reference.outcomes
    if outcomes is None or why_loss_is_off(reference) or outcomes.loss.mean <= 0:
        return "", False
    monitoring = settings.monitoring
    own = next((each for each in monitoring.monitors.values() if isinstance(each, LossSettings)), LossSettings())
    delay_of = partial(doubled_loss_outcomes, reference, own, monitoring.evidence, threshold)
    rate = min(2.0 * outcomes.loss.mean, 1.0)
    change = (
        f"a doubled error ({percent(rate)})" if OutcomeLayout.of(reference).classification else "errors twice as large"
    )
    delay = _Delay(change, delay_of(), delay_of(rows=larger.times), delay_of(rows=larger.times, design_effect=1.0))
    if math.isinf(delay.best):
        return f"{change} would not page: so much, or nearly so much, is tolerated", False
    now = _number(delay.now, "would page after about {} labels", "would not page")
    effect = outcomes.loss.design_effect
    because = f" (about {_rounded(effect)} labels count as one)" if effect > 1 else ""
    then = _number(delay.larger, "after about {}", "it would not either")
    return f"{change} {now}{because}; {larger.with_it([delay], then)}", delay.slow(_SLOW_LABELS)


def _of_inputs(reference: ReferenceProfile, settings: Settings, threshold: float, larger: _Larger) -> tuple[str, bool]:
    """The sentence on a shift of the slowest features, empty without any, and whether it is a warning.

    A feature whose shift no reference would show, as most of its values are equal, is left out.
    """
    found, better = (
        shift_delays(reference, settings.monitoring.evidence, threshold, rows=rows) for rows in (1.0, larger.times)
    )
    delays = [
        _Delay(name, now, better[name], better[name]) for name, now in found.items() if math.isfinite(better[name])
    ]
    delays.sort(key=lambda each: (-each.now, -each.larger, each.change))
    slow = [each for each in delays if each.slow(_SLOW_RECORDS)]
    shown = (slow or delays[:1])[:_SHOWN]
    if not shown:
        return "", False
    takes = joined(
        [f"{_number(each.now, 'about {} records', 'for ever')} in {excerpt(each.change, 40)}" for each in shown]
    )
    then = joined([_rounded(each.larger) for each in shown])
    others = f" ({len(slow) - len(shown)} more are as slow)" if len(slow) > len(shown) else ""
    return f"a shift by half a standard deviation would take {takes}{others}; {larger.with_it(shown, then)}", bool(slow)


def _number(number: float, words: str, never: str) -> str:
    return never if math.isinf(number) else words.format(_rounded(number))


def _rounded(number: float) -> str:
    """Two digits: it is an estimate."""
    digits = max(math.floor(math.log10(max(number, 1.0))) - 1, 0)
    return f"{round(number, -digits):,.0f}"
