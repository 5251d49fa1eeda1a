"""Evidence that the mean of a score has risen: an error, a loss, a distance, whatever lies between two bounds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..statistics.betting.score_bets import ScoreBets
from .alarms import Alarm
from .decisions import AlarmDecision, DecisionLoop
from .evidence_state import EvidenceState, ResumableEvidence, digest_of
from .live_dependence import LiveDependence, LiveSeries
from .recovery import RecoveryBlocks
from .schedule import EvidenceMinutes, UpdateTimes
from .settings import PAGE
from .targets import Target

__all__ = ["ScoreEvidence"]

Array = NDArray[np.float64]
Suspects = Callable[[int, int], Sequence[str]]

_FEWEST_RECOVERING, _MOST_RECOVERING = 100.0, 1_000.0


def _in_order(values: Array) -> Array:
    """The sum along the first axis, one after the other, so that rounding does not depend on the number of sums."""
    total: Array = values[0].copy()
    for each in values[1:]:
        total += each
    return total


class _ScoreDecision(AlarmDecision):
    """Whichever score has risen, it suspects the features that other alarms have been about since this one fired."""

    suspects = 1
    surest = "suspected"

    def __init__(self, alarm: Alarm, target: Target, blocks: RecoveryBlocks, of_others: Suspects) -> None:
        self._scores = len(target.directions)
        super().__init__(alarm, target, blocks)
        self._of_others = of_others

    def named(self) -> list[int]:
        return [*map(int, np.flatnonzero(self.members >= self.alarm.threshold))]

    def _watch(self, named: list[int], suspected: list[int]) -> None:
        super()._watch(named, suspected)
        # Whichever member of a score it is, the score must recover.
        watched = np.zeros(len(self.target.names), dtype=np.bool_)
        watched[named + suspected] = True
        np.any(watched.reshape(-1, self._scores), axis=0, out=self._watched)

    def features(self, members: Sequence[int], record: int) -> list[str]:
        del members
        first = self.alarm.history.latched if self.alarm.active else record
        return [*dict.fromkeys([*self.alarm.features, *self._of_others(first, record)])]


class ScoreEvidence(ResumableEvidence):
    """An e-CUSUM for each bet on the means of several scores (members). The alarm's evidence is the plain average over members.

    A score is a number of each record or outcome: from 0 to 1, or from a lower bound that its bets know. Its bets know what
    mean it may have: the reference's, its error (by deviation, rows and design effect), and what is tolerated. Calibration
    hands in the outcome less its predicted probability (``lower=-1``, mean 0, and a second score with the sign turned); a
    change of the prior, whether a record is of the class, and is not; label noise, whether the label contradicts a sure
    prediction. What can fall as well as rise needs a score of its own for the fall.

    All scores are updated together after every ``size`` outcomes, however these came in batches. An update counts the minutes
    since the one before. ``suspects(first, last)`` names the features that the alarm may be about, from one line to another.
    ``meaning`` describes the scores in plain values. A snapshot with another meaning, or of other bets, is not continued.

    With ``over_versions`` each score has two members: of the model's live version, which begins anew with a new version and
    uses outcomes of live versions only, and of the model, which goes on and uses all. A new version every day, with labels that
    take longer, would leave the first without any outcome for ever. Until a second version comes both are the same, and so is
    their average. Recovery is that of all outcomes.
    """

    def __init__(
        self, bets: Sequence[ScoreBets], size: int, alarm: Alarm,
        suspects: Suspects = lambda _first, _last: (), *, meaning: object = None, over_versions: bool = False,
    ) -> None:  # fmt: skip
        self._bets = bets
        self._size = size
        self._alarm = alarm
        self._suspects = suspects
        weights, stakes = (np.stack([getattr(each, name) for each in bets]) for name in ("weights", "stakes"))
        means, limits, spreads, effects = (
            np.array([getattr(each, name) for each in bets]) for name in ("mean", "limit", "spread", "design_effect")
        )
        rise = np.maximum(limits - means, 1e-9)
        needed = np.clip(4 * spreads**2 / rise**2, _FEWEST_RECOVERING, _MOST_RECOVERING) * effects
        lower = [each.lower for each in bets]
        self.name = f"model {alarm.model}: {alarm.alert}"
        self.digest = digest_of([size, meaning, lower, weights, stakes, limits, spreads, effects, means])
        self._blocks = RecoveryBlocks(limits, spreads * np.sqrt(effects), needed)
        scores = np.arange(len(bets))
        self._versions = 2 if over_versions else 1
        weights = np.tile(weights, (self._versions, 1))
        places = np.arange(weights.size).reshape(weights.shape)
        self._target = Target(alarm.alert, ("",) * len(weights), places, weights, scores, scores, scores[:0])
        self._means, self._effects = means, effects
        self._score_of = np.repeat(np.tile(scores, self._versions), weights.shape[1])
        self.live = LiveDependence(LiveSeries.of_scores(means, spreads), effects, exact=True)
        """How much the scores of live records depend on one another, a family for each score."""
        self._begin()

    def _begin(self) -> None:
        self.updates = 0
        # Outcomes since the last update: time, matured, record, then the scores.
        self._waiting = np.empty((3 + len(self._bets), 0))
        self._waiting_live = np.empty(0, dtype=np.bool_)
        self._minutes = EvidenceMinutes()
        state = EvidenceState.new(self._target.places.size, exact=True)
        self._decision = _ScoreDecision(self._alarm, self._target, self._blocks, self._suspects)
        self._loop = DecisionLoop(state, [self._decision], self._forget, self._recovered)
        self._state = state
        self.live.begin()
        self._temper()
        if self._versions > 1:
            self._alarm.restart_version = partial(self._loop.restart_members, self._decision, slice(len(self._bets)))
        self._alarm.forget()

    def _forget(self, _: Target) -> None:
        self.live.drop(np.arange(len(self._bets)))

    def _recovered(self, decision: AlarmDecision) -> None:
        every = np.arange(len(self._bets))
        if decision.alarm.severity == PAGE:
            self.live.drop(every, all_of_it=True)
        else:
            self.live.settle(every)

    def _temper(self) -> None:
        """Evidence and recovery use the larger of the reference's and the live design effect."""
        rises = np.maximum(self.live.effects / self._effects, 1.0)
        self._decision.temper(rises)
        self._factors = (1.0 / rises)[self._score_of]

    @property
    def members(self) -> Array:
        """The natural logarithm of M of each score, [score]: of the live version or over versions, whichever is larger."""
        found: Array = self._decision.members.reshape(self._versions, -1).max(axis=0)
        return found

    def observe(
        self,
        time: Array,
        matured: Array,
        record: NDArray[np.int64],
        scores: Array,
        live: NDArray[np.bool_] | None = None,
    ) -> None:
        """Take in outcomes. ``scores`` is [score, outcome], NaN where a score does not use the outcome.

        ``time`` (of the prediction) and ``matured`` (when its outcome is known) are event times in seconds, ``record`` is a
        line; all [outcome]. For a score of records, both times are the same. ``live`` [outcome] are those of versions of the
        model that are live, by default all.
        """
        if not len(time):
            return
        self._waiting = np.concatenate([self._waiting, np.vstack([time, matured, record, scores])], axis=1)
        live = np.ones(len(time), dtype=np.bool_) if live is None else live
        self._waiting_live = np.concatenate([self._waiting_live, live])
        self._minutes.begin(float(matured[0]))
        number = self._waiting.shape[1] // self._size
        if not number:
            return
        taken, self._waiting = np.split(self._waiting, [number * self._size], axis=1)
        live, self._waiting_live = np.split(self._waiting_live, [number * self._size])
        blocks = taken.reshape(len(taken), number, self._size)
        ended, taken_scores = blocks[1, :, -1], blocks[3:]
        times = UpdateTimes(ended, blocks[0, :, 0], self._minutes.log(ended), blocks[2, :, -1].astype(np.int64))
        self.updates += number
        self._advance(times, blocks[0, :, -1], taken_scores, live)

    def _advance(self, times: UpdateTimes, predicted: Array, scores: Array, live: NDArray[np.bool_]) -> None:
        """Take in updates, each weighed by what was known before it. ``predicted`` [update] is the time of a prediction."""
        log_e = self._log_e(scores, live)
        rows, sums = _rows(scores), _sums(scores)
        moments = _sums(np.square(scores - self._means[:, None, None]))
        for each in self.live.stretches(predicted):
            part = slice(each.start, each.stop)
            some = times.part(part)
            self._loop.advance(log_e[part] * self._factors, some, partial(_both, rows[part], sums[part]))
            self.live.take(each, some.log_minutes, rows[part], sums[part], moments[part])
            if each.look:
                every = np.arange(len(self._bets))
                held = np.isin(every, np.array(self._decision.about, dtype=np.intp) % len(every))
                largest = self._state.log_m.reshape(self._versions, len(every), -1).max(axis=(0, 2))
                if self.live.look(each, largest, held, float(some.time[-1])):
                    self._temper()

    def _log_e(self, scores: Array, live: NDArray[np.bool_]) -> Array:
        """The ln e of each update, [update, bet], from scores [score, update, outcome]; ``live`` is [update * outcome]."""
        every = [_log_e_of(bets, own) for bets, own in zip(self._bets, scores, strict=True)]
        if self._versions == 1 or live.all():
            return np.concatenate(every * self._versions, axis=1)
        alive = live.reshape(scores.shape[1:])
        present = [_log_e_of(bets, np.where(alive, own, np.nan)) for bets, own in zip(self._bets, scores, strict=True)]
        return np.concatenate([*present, *every], axis=1)

    def snapshot(self) -> dict[str, Any]:
        return {
            "bets": self.digest,
            "waiting": self._waiting,
            "waiting_live": self._waiting_live,
            "minutes": self._minutes.snapshot(),
            "updates": self.updates,
            "live": self.live.snapshot(),
            **self._loop.snapshot(),
        }

    def resume(self, state: Mapping[str, Any]) -> None:
        waiting = np.array(state["waiting"], dtype=np.float64)
        if waiting.shape[:1] != self._waiting.shape[:1] or waiting.ndim != 2:
            raise ValueError("outcomes of other scores")
        live = np.array(state.get("waiting_live", np.ones(waiting.shape[1])), dtype=np.bool_)
        if live.shape != waiting.shape[1:]:
            raise ValueError("outcomes of other versions")
        self._waiting, self._waiting_live, self.updates = waiting, live, int(state["updates"])
        self._minutes.restore(state["minutes"])
        if self._versions * len(state["state"]["log_m"]) == self._target.places.size:
            state = {**state, "state": _over_versions(state["state"], self._versions)}
        self._loop.restore(state)
        if "live" in state:  # snapshots of before have none
            self.live.restore(state["live"])
        self._temper()


def _log_e_of(bets: ScoreBets, scores: Array) -> Array:
    """The ln e of each update, [update, bet], from one score, [update, outcome]."""
    if bets.binary:
        known = np.isfinite(scores)
        ones = np.where(known, scores, 0.0).sum(axis=1)
        return bets.log_e_of_counts(ones, known.sum(axis=1) - ones)
    log_e = bets.log_e(scores.T.ravel())
    log_e[np.isnan(log_e)] = 0.0
    return _in_order(log_e.reshape(*scores.T.shape, -1))


def _rows(scores: Array) -> Array:
    """How many scores each update has, [update, score], from [score, update, outcome]."""
    rows: Array = np.isfinite(scores).sum(axis=-1).T.astype(np.float64)
    return rows


def _sums(scores: Array) -> Array:
    """The sums of the scores of each update, [update, score], from [score, update, outcome]."""
    return _in_order(np.moveaxis(np.where(np.isnan(scores), 0.0, scores), 2, 0)).T


def _both(rows: Array, sums: Array) -> tuple[Array, Array]:
    """What recovery looks at, which is known already."""
    return rows, sums


def _over_versions(state: Mapping[str, Any], versions: int) -> Mapping[str, Any]:
    """The evidence of a snapshot of before there was any over versions: it was the same for both."""
    return {**state, **{name: np.tile(np.asarray(state[name]), versions) for name in ("log_m", "since")}}
