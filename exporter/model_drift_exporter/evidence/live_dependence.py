"""How much live records depend on one another, where a reference without times, thinned or shuffled does not show it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from ..statistics.block_effects import BlockSums, shown_effects
from .block_clock import BlockClock, Stretch

__all__ = ["BACKED_DAYS", "LiveDependence", "LiveSeries"]

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

BACKED_DAYS = 8
"""Blocks of days after which live traffic has shown how records depend on one another."""

_LEVELS = 3  # blocks of an update, of hours, of days
_DAY = 2
_HALF_LIFE = 30.0  # blocks of days
_LAST_EPISODE = 0.25
"""What is left of one episode after two half-lives."""
_CALM = np.log(10.0)
"""While M is less than ten times its floor, no excursion has begun that is worth the name."""


@attrs.frozen(eq=False)
class LiveSeries:
    """What is known of some series of numbers of records before there are any. All arrays are [series].

    ``family`` is the family of evidence that each belongs to, ascending. ``mean``, ``variance`` and ``excess`` (kurtosis) are
    those of one record. ``step`` is the difference of the two values of an indicator, 0 for other numbers, and ``share`` its
    mean as a share: of an indicator, live records show the variance. If ``measured``, they show that of every series.
    """

    family: NDArray[np.intp]
    mean: Array
    variance: Array
    excess: Array
    step: Array
    share: Array
    measured: bool = False

    @classmethod
    def of_scores(cls, mean: Array, deviation: Array) -> LiveSeries:
        """One family for each score, with its mean and standard deviation in the reference."""
        nothing = np.zeros(len(mean))
        return cls(np.arange(len(mean)), mean, deviation**2, nothing, nothing, nothing, measured=True)


class LiveDependence:
    """Design effects by family of evidence, from blocks of live records: of an update, of an hour or more, of a day or more.

    ``allowed`` [family] are the design effects that evidence is divided by anyway. With a season only blocks of days are looked
    at: slots differ from one another by the error of their laws.

    An excursion must not hide itself. So what blocks show waits while their family has evidence, and is used once that has
    gone; while an alarm is latched about the family (*held*), nothing is used. What waits is dropped where a page is over
    (:meth:`drop`). Where a ticket is over (:meth:`settle`), it is dropped the first time, and used the next: drift that comes
    and goes again and again is variation, and once it was an incident that must not hide the same one. All this happens at the
    next look, so it does not depend on how records are cut into batches, and :attr:`effects` are known before they are used.

    Sums that are used fade with a half-life of thirty days. They are made in the order of updates.
    """

    def __init__(self, series: LiveSeries, allowed: Array, *, seasonal: bool = False, exact: bool = False) -> None:
        self._series = series
        self._allowed = np.maximum(allowed, 1.0)
        self._level = np.arange(_LEVELS) if not seasonal else np.array([_DAY])
        self._exact = exact
        self.begin()

    def begin(self) -> None:
        """Forget everything."""
        series, families = len(self._series.family), len(self._allowed)
        self.effects = np.ones(families)
        """The design effects that live records have shown, 1 where they have shown none; [family]."""
        self.since: float | None = None
        """The event time since when enough days have been seen, ``None`` while they have not."""
        self._clock = BlockClock()
        # Blocks, records, sums and squares of what has come since the last look: of updates, and of whole hours among them.
        self._updates, self._hours = np.zeros((4, series)), np.zeros((4, series))
        # Records and sums of the day that is not over.
        self._day = np.zeros((2, series))
        self._moment = np.zeros(series)
        self._waiting, self._used = np.zeros((_LEVELS, 4, series)), np.zeros((_LEVELS, 4, series))
        self._waiting_moment, self._used_moment = np.zeros(series), np.zeros(series)
        self._last = np.zeros(series)
        self._floor = 0.0  # the largest since the last look: evidence may have begun to grow from there
        self._traffic = np.zeros(2)  # records, and days that had any
        self._days = np.zeros(families)
        self._episodes = np.zeros(families)  # tickets that were over, of late
        self._drop, self._settle = np.zeros(families, dtype=np.bool_), np.zeros(families, dtype=np.bool_)

    @property
    def records_a_day(self) -> float:
        """Mean number of records of the days that have any, of late; 0 before a day is over."""
        records, days = self._traffic.tolist()
        return records / days if days else 0.0

    def stretches(self, times: Array) -> Iterator[Stretch]:
        """Parts updates at these event times, in seconds, where there is a look. :meth:`take` in each before the next one."""
        return self._clock.stretches(times)

    def drop(self, families: NDArray[np.intp], *, all_of_it: bool = False) -> None:
        """Use nothing of what waits, if anything does or ``all_of_it`` is asked for; nor of what has come since the last look."""
        waits = np.zeros(len(self._allowed), dtype=np.bool_)
        waits[self._series.family[self._waiting[0, 1] > 0]] = True
        self._drop[families] |= (all_of_it | waits[families]) & ~self._settle[families]

    def settle(self, families: NDArray[np.intp]) -> None:
        """Use what waits, if as much has been over before, some weeks ago at most; otherwise as :meth:`drop`, ``all_of_it``."""
        again = self._episodes[families] >= _LAST_EPISODE
        self._settle[families] |= again
        self._drop[families] |= ~again
        self._episodes[families] += 1.0

    def take(
        self, stretch: Stretch, log_minutes: Array, records: Array, sums: Array, moments: Array | None = None
    ) -> None:
        """Take in the updates of a stretch. Behind one with a look, :meth:`look` must follow.

        ``log_minutes`` [update] are the floors of evidence. ``records`` is [update, series] or [update, 1], ``sums``
        [update, series] the sums of their numbers. ``moments`` are sums of the squares of numbers less their mean, for series
        whose variance is measured.
        """
        series, number = self._series, len(sums)
        self._floor = max(self._floor, float(log_minutes.max()))
        sums = sums - records * series.mean
        run = np.empty((number + 1, 4, len(series.family)))
        run[0] = self._updates
        run[1:, 0] = records > 0
        run[1:, 1] = records
        run[1:, 2] = sums
        run[1:, 3] = sums * sums / np.maximum(records, 1.0)
        np.add.accumulate(run, axis=0, out=run)  # in the order of updates, however many there are
        if moments is not None:
            self._moment = np.add.accumulate(np.concatenate([self._moment[None], moments]))[-1]
        if stretch.hours:
            ends = run[np.array(stretch.hours) + 1, 1:3]
            blocks = np.diff(ends, axis=0, prepend=self._hours[None, 1:3])
            found = np.empty((len(ends) + 1, 2, len(series.family)))
            found[0] = self._hours[[0, 3]]
            found[1:, 0] = blocks[:, 0] > 0
            found[1:, 1] = blocks[:, 1] ** 2 / np.maximum(blocks[:, 0], 1.0)
            self._hours[[0, 3]] = np.add.accumulate(found)[-1]
            self._hours[1:3] = ends[-1]
        self._updates = run[-1].copy()

    def look(self, stretch: Stretch, log_m: Array, held: Mask, time: float) -> bool:
        """Look at what blocks show, behind a stretch. Returns whether any of the design effects has changed.

        ``log_m`` [family] is the largest log evidence of the bets of each family. ``held`` [family] says about which families
        an alarm is latched. ``time`` is that of the look.
        """
        self._day += self._updates[1:3]
        fresh = np.zeros_like(self._waiting)
        fresh[0], fresh[1] = self._updates, self._hours
        if stretch.days:
            records, sums = self._day
            fresh[_DAY] = records > 0, records, sums, sums**2 / np.maximum(records, 1.0)
            self._last, self._day = records, np.zeros_like(self._day)
            kept = 0.5 ** (1.0 / _HALF_LIFE)
            self._used *= kept
            self._used_moment *= kept
            self._episodes *= kept
            self._traffic = kept * self._traffic + [records.max(initial=0.0), stretch.days]
        self._gather(fresh, calm=(log_m < self._floor + _CALM) & ~held)
        self._floor = 0.0
        self._updates, self._hours = np.zeros_like(self._updates), np.zeros_like(self._hours)
        if stretch.days and self.since is None:
            counted = self._days[~held] if not held.all() else self._days
            if len(counted) and counted.min() >= BACKED_DAYS:
                self.since = time
        before, self.effects = self.effects, self._found()
        return not np.array_equal(before, self.effects)

    def _gather(self, fresh: Array, calm: Mask) -> None:
        """Lay what has come to what waits, and of ``calm`` families to what is used."""
        family, dropped, settled = self._series.family, self._drop, self._settle
        of_dropped = dropped[family]
        if of_dropped.any():
            fresh[:, :, of_dropped], self._waiting[:, :, of_dropped], self._day[:, of_dropped] = 0.0, 0.0, 0.0
            self._moment[of_dropped], self._waiting_moment[of_dropped] = 0.0, 0.0
        if settled.any():
            self._use(settled[family])
        self._waiting += fresh
        self._waiting_moment += self._moment
        self._moment = np.zeros_like(self._moment)
        self._use(calm[family])
        self._drop, self._settle = np.zeros_like(dropped), np.zeros_like(settled)

    def _use(self, chosen: Mask) -> None:
        waiting = self._waiting if chosen.all() else np.where(chosen, self._waiting, 0.0)
        days = np.zeros_like(self._days)
        np.maximum.at(days, self._series.family, waiting[_DAY, 0])
        self._days += days
        self._used += waiting
        self._used_moment[chosen] += self._waiting_moment[chosen]
        self._waiting_moment[chosen] = 0.0
        if waiting is self._waiting:
            self._waiting = np.zeros_like(waiting)
        else:
            self._waiting[:, :, chosen] = 0.0

    def _found(self) -> Array:
        series = self._series
        variance, excess = self._of_one_record()
        sums = BlockSums(*self._used[self._level].transpose(1, 0, 2))
        shown = shown_effects(sums, variance, excess, self._allowed[series.family])
        effects = np.ones(len(self._allowed))
        if (shown <= 1.0).all():
            return effects
        # Days with more records than those that were measured have a larger effect in proportion.
        usual = self._used[_DAY, 1] / np.maximum(self._used[_DAY, 0], 1.0)
        growth = np.maximum(np.where(usual > 0, self._last / np.maximum(usual, 1.0), 1.0), 1.0)
        shown[-1] = 1.0 + (shown[-1] - 1.0) * growth
        np.maximum.at(effects, series.family, shown.max(axis=0))
        return effects

    def _of_one_record(self) -> tuple[Array, Array]:
        """The variance and the excess kurtosis of one record of each series."""
        series = self._series
        records = np.maximum(self._used[0, 1], 1.0)
        mean = self._used[0, 2] / records
        if series.measured:
            variance = self._used_moment / records - mean**2
            # The fourth moment of a bounded number is at most its variance times the square of its largest deviation.
            largest = np.maximum(1.0 - series.mean - mean, series.mean + mean)
            return variance, largest**2 / np.maximum(variance, 1e-12)
        indicator = series.step != 0
        if not indicator.any():
            return series.variance, series.excess
        share = series.share + mean / np.where(indicator, series.step, 1.0)
        share = np.clip(share, 1.0 / records, 1.0 - 1.0 / np.maximum(records, 2.0))
        spread = share * (1.0 - share)
        variance = np.where(indicator, spread * series.step**2, series.variance)
        return variance, np.where(indicator, 1.0 / spread - 6.0, series.excess)

    def snapshot(self) -> dict[str, Any]:
        """The state. Sums have seven digits, or all if it is to be exact; numbers that many series share stand once."""
        kind = np.float64 if self._exact else np.float32
        state: dict[str, Any] = {
            "clock": self._clock.snapshot(),
            "since": self.since,
            "floor": self._floor,
            "traffic": self._traffic,
            "days": _packed(self._days[None], np.float32),
            "episodes": _packed(self._episodes[None], kind),
            "drop": self._drop,
            "settle": self._settle,
        }
        sums = {"updates": self._updates, "hours": self._hours, "day": self._day, "last": self._last[None]}
        for name, values in {**sums, "used": self._used, "waiting": self._waiting}.items():
            state[name] = _packed(values, kind)
        if self._series.measured:
            state["moments"] = np.stack([self._moment, self._waiting_moment, self._used_moment]).astype(kind)
        return state

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a snapshot. Raises ``LookupError``, ``TypeError`` or ``ValueError`` if it is of other series."""
        shapes = {
            name: getattr(self, f"_{name}").shape for name in ("updates", "hours", "day", "last", "used", "waiting")
        }
        arrays = {name: _unpacked(state[name], shape) for name, shape in shapes.items()}
        by_family: dict[str, NDArray[Any]] = {
            name: np.array(state[name], dtype=np.bool_) for name in ("drop", "settle")
        }
        by_family |= {name: _unpacked(state[name], self._allowed.shape) for name in ("days", "episodes")}
        if any(each.shape != self._allowed.shape for each in by_family.values()):
            raise ValueError("live dependence of other families")
        moments = np.zeros((3, len(self._series.family)))
        if self._series.measured:
            moments = np.array(state["moments"], dtype=np.float64).reshape(moments.shape)
        floor, traffic = float(state["floor"]), np.array(state["traffic"], dtype=np.float64).reshape(2)
        self._clock.restore(state["clock"])
        self._floor, self._traffic = floor, traffic
        self.since = None if state["since"] is None else float(state["since"])
        for name, values in (arrays | by_family).items():
            setattr(self, f"_{name}", values)
        self._moment, self._waiting_moment, self._used_moment = moments.copy()
        self.effects = self._found()


def _packed(values: Array, kind: type[np.floating[Any]]) -> dict[str, Any]:
    """Values [..., series]: each row as a number, if all its values are that, else with each value once if many are equal."""
    rows: list[Any] = []
    for row in values.reshape(-1, values.shape[-1]):
        different, places = np.unique(row.astype(kind), return_inverse=True)
        if 4 * len(different) <= len(row) and len(different) < 256:
            rows.append([different, places.astype(np.uint8)])
        else:
            rows.append([row.astype(kind)])
    return {"rows": rows}


def _unpacked(state: Mapping[str, Any], shape: tuple[int, ...]) -> Array:
    found = np.zeros(shape).reshape(-1, shape[-1])
    for row, (different, *places) in zip(found, state["rows"], strict=True):
        if not places:
            row[:] = different
        elif len(different):
            row[:] = np.asarray(different)[np.asarray(places[0], dtype=np.intp)]
    if not np.isfinite(found).all():
        raise ValueError("sums of blocks that are not finite")
    return found.reshape(shape)
