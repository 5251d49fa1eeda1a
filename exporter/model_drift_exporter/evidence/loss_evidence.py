"""Evidence on the losses of matured outcomes, and the latch that it decides. For the alarms on loss and on concept drift."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from ..errors import StateError
from ..statistics.betting.e_cusum import advance, log_mean
from ..statistics.betting.loss_bets import LossBets
from .alarms import Alarm
from .evidence_state import digest_of
from .recovery import RecoveryBlocks
from .schedule import EvidenceMinutes

__all__ = ["LossEvidence", "forget_evidence"]

Array = NDArray[np.float64]

_log = logging.getLogger(__name__)

_FEWEST_RECOVERING, _MOST_RECOVERING = 100.0, 1_000.0
_OUTCOMES_BEFORE = 10
"""Outcomes per update in old snapshots that do not say: it was not a setting then."""


@attrs.frozen(eq=False)
class _Updates:
    """Arrays [update, ...]: ``began`` is the prediction time of the first outcome, ``ended`` when the last one matured."""

    log_e: Array
    log_w: Array
    began: Array
    ended: Array
    records: NDArray[np.int64]
    rows: Array
    sums: Array


def forget_evidence(alarm: Alarm) -> None:
    """Drop the evidence of an open latch. A closed latch keeps it, and waits for recovery or a person."""
    if not alarm.active:
        alarm.evidence = -math.inf


def _sum_of_each(values: Array) -> Array:
    """Sums along the last axis, in order, so that rounding does not depend on the number of sums."""
    total = np.zeros(values.shape[:-1])
    for position in range(values.shape[-1]):
        total += values[..., position]
    return total


class LossEvidence:
    """An e-CUSUM for each bet on several losses (components). The alarm's evidence is the plain average over components.

    All are updated together after every ``outcomes`` outcomes, however these came in batches. An update counts the minutes
    since the one before. ``suspects(first, last)`` names the features that a page may be about, from one record to another.
    ``meaning`` describes the losses in plain values. A snapshot with another meaning, or of other bets, is not continued.
    """

    def __init__(
        self, bets: Sequence[LossBets], means: Sequence[float], outcomes: int, alarm: Alarm,
        suspects: Callable[[int, int], Sequence[str]], *, meaning: object = None,
    ) -> None:  # fmt: skip
        self._bets = bets
        self._outcomes = outcomes
        self._alarm = alarm
        self._suspects = suspects
        self._weights = np.stack([each.weights for each in bets])
        limits, spreads, effects = (
            np.array([getattr(each, name) for each in bets]) for name in ("limit", "spread", "design_effect")
        )
        rise = np.maximum(limits - np.asarray(means), 1e-9)
        needed = np.clip(4 * spreads**2 / rise**2, _FEWEST_RECOVERING, _MOST_RECOVERING) * effects
        stakes = np.stack([each.stakes for each in bets])
        lower = [each.lower for each in bets]
        self._digest = digest_of([meaning, lower, self._weights, stakes, limits, spreads, effects, np.asarray(means)])
        self._recovery = RecoveryBlocks(limits, spreads * np.sqrt(effects), needed)
        self._begin()
        alarm.restart = self._restart

    def _begin(self) -> None:
        self.updates = 0
        self._named_at = -1
        # Outcomes since the last update: time, matured, record, then the losses.
        self._waiting = np.empty((3 + len(self._bets), 0))
        self._minutes = EvidenceMinutes()
        self._restart()

    def _restart(self) -> None:
        self._log_m = np.zeros(self._weights.shape)
        self._onset = np.full(self._weights.shape, np.nan)
        self._watched = np.zeros(len(self._bets), dtype=np.bool_)

    @property
    def component_log(self) -> Array:
        """The natural logarithm of M of each component, [component]."""
        return log_mean(self._log_m, self._weights)

    def observe(self, time: Array, matured: Array, record: NDArray[np.int64], losses: Array) -> None:
        """Take in outcomes. ``losses`` is [component, outcome], NaN where a component does not use the outcome.

        ``time`` (of the prediction) and ``matured`` are event times in seconds, ``record`` is a line; all [outcome].
        """
        if not len(time):
            return
        self._waiting = np.concatenate([self._waiting, np.vstack([time, matured, record, losses])], axis=1)
        self._minutes.begin(float(matured[0]))
        size = self._outcomes
        number = self._waiting.shape[1] // size
        if not number:
            return
        taken, self._waiting = self._waiting[:, : number * size], self._waiting[:, number * size :]
        blocks = taken.reshape(len(taken), number, size)
        began, ended, records, losses = blocks[0, :, 0], blocks[1, :, -1], blocks[2, :, -1], blocks[3:]
        self.updates += number
        update = _Updates(
            log_e=self._log_e(losses),
            log_w=self._minutes.log(ended),
            began=began,
            ended=ended,
            records=records.astype(np.int64),
            rows=np.isfinite(losses).sum(axis=-1).T.astype(np.float64),
            sums=_sum_of_each(np.nan_to_num(losses, nan=0.0)).T,
        )
        first = 0
        while first < number:
            first = self._advance(update, first)

    def _log_e(self, losses: Array) -> Array:
        """The ln e of each update, [update, component, bet]."""
        _, number, size = losses.shape
        found = np.empty((number, *self._weights.shape))
        for component, bets in enumerate(self._bets):
            log_e = bets.log_e(losses[component].ravel()).reshape(number, size, -1)
            found[:, component] = _sum_of_each(np.where(np.isnan(log_e), 0.0, log_e).swapaxes(1, 2))
        return found

    def _advance(self, updates: _Updates, first: int) -> int:
        """Go on to the next change of the latch, or to the last update. Returns the position of the update after that."""
        alarm = self._alarm
        self._onset = np.where(np.isnan(self._onset), updates.began[first], self._onset)
        log_m, started = advance(self._log_m, updates.log_e[first:], updates.log_w[first:])
        component = log_mean(log_m, self._weights)
        total = log_mean(component, np.full(len(self._bets), 1 / len(self._bets)))
        if alarm.active:
            end = self._recover(updates, first, component)
        else:
            crossed = total >= alarm.threshold
            end = int(crossed.argmax()) if crossed.any() else None
        last = len(total) - 1 if end is None else end
        self._log_m = log_m[last]
        self._onset = np.where(started[last] < 0, self._onset, updates.began[first + started[last]])
        alarm.evidence = float(total[last])
        if end is not None:
            time, record = float(updates.ended[first + end]), int(updates.records[first + end])
            if alarm.active:
                self._name(record)
                alarm.resolve(time, record)
            else:
                self._fire(time, record, component[end])
        elif alarm.active:
            self._name(int(updates.records[first + last]))
        return first + last + 1

    def _fire(self, time: float, record: int, component: Array) -> None:
        with np.errstate(divide="ignore"):
            leading = int(np.argmax(self._log_m + np.log(self._weights)))
        self._watched = component >= self._alarm.threshold
        self._watched[leading // self._weights.shape[1]] = True
        onset = float(self._onset.flat[leading])
        self._recovery.restart(time, onset)
        self._named_at = record
        self._alarm.fire(
            time,
            record,
            onset=onset,
            features=self._suspects(record, record),
            certainty="suspected",
        )

    def _name(self, record: int) -> None:
        """Add the features that other alarms have named since this one fired."""
        names = dict.fromkeys([*self._alarm.features, *self._suspects(self._named_at, record)])
        self._named_at = record
        if len(names) > len(self._alarm.features):
            self._alarm.name(names, "suspected", record)

    def _recover(self, updates: _Updates, first: int, component: Array) -> int | None:
        if not self._watched.any():  # the state that closed the latch is lost
            self._watched[:] = True
            self._recovery.restart(float(updates.ended[first]))
        reached = np.logical_or.accumulate(component >= self._alarm.threshold, axis=0)
        watched = self._watched | reached
        end = self._recovery.advance(updates.rows[first:], updates.sums[first:], updates.ended[first:], watched)
        self._watched = watched[-1 if end is None else end]
        return end

    def fits(self, state: Mapping[str, Any]) -> bool:
        """Whether a snapshot is of the same losses, bets and update size. Raises :class:`StateError` if it does not say."""
        try:
            return bool((state["bets"], state.get("outcomes", _OUTCOMES_BEFORE)) == (self._digest, self._outcomes))
        except (KeyError, TypeError, AttributeError) as error:
            raise StateError(f"{self._alarm.alert}: the evidence in the snapshot cannot be read: {error!r}") from error

    def snapshot(self) -> dict[str, Any]:
        return {
            "bets": self._digest,
            "outcomes": self._outcomes,
            "waiting": self._waiting,
            "minutes": self._minutes.snapshot(),
            "updates": self.updates,
            "named_at": self._named_at,
            "log_m": self._log_m.copy(),
            "onset": self._onset,
            "watched": self._watched.copy(),
            "recovery": self._recovery.snapshot(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a snapshot. One of other losses or bets is ignored, but a closed latch stays closed.

        If it is damaged, raises :class:`StateError` and changes nothing.
        """
        if not self.fits(state):
            _log.info("%s: evidence begins anew: its settings or the reference's outcomes changed", self._alarm.alert)
            self._begin()
            forget_evidence(self._alarm)
            return
        minutes = EvidenceMinutes()
        try:
            waiting, log_m, onset = (np.array(state[name], dtype=np.float64) for name in ("waiting", "log_m", "onset"))
            watched = np.array(state["watched"], dtype=np.bool_)
            shapes = (waiting.shape[:1], waiting.ndim, log_m.shape, onset.shape, watched.shape)
            updates, named_at = int(state["updates"]), int(state["named_at"])
            minutes.restore(state["minutes"])
            if shapes != ((len(self._waiting),), 2, self._log_m.shape, self._onset.shape, self._watched.shape):
                raise StateError(f"{self._alarm.alert}: the evidence in the snapshot is of other losses")
            self._recovery.restore(state["recovery"])
        except (KeyError, TypeError, ValueError) as error:
            raise StateError(f"{self._alarm.alert}: the evidence in the snapshot cannot be read: {error!r}") from error
        self._waiting, self._log_m, self._onset, self._watched = waiting, log_m, onset, watched
        self._minutes, self.updates, self._named_at = minutes, updates, named_at
