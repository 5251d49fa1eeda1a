"""Evidence that there are far fewer or far more records than their habit explains: an e-CUSUM on counts of two hours and days."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from ..errors import StateError
from .alarms import Alarm

__all__ = ["BLOCK_SECONDS", "CountEvidence", "Usual"]

BLOCK_SECONDS = 7_200
"""Records are counted in blocks of event time; evidence is updated when one is over."""
_A_DAY = 86_400 // BLOCK_SECONDS
_A_WEEK = 7 * _A_DAY
_WEEKS = 4
_KEPT = _WEEKS * _A_WEEK
_WARM_UP = 2 * _A_WEEK
"""A habit of one week says what is usual, a second one how far traffic strays from it."""

_FACTOR = 2.2
"""Up to so many times the usual, or down to one part in so many, is never told: growth, a half day off."""
_DEVIATIONS = 2.5
"""Nor is it if days stray so far by themselves: within so many standard deviations of the logarithm."""
_BETS = (1.333, 3.0, 10.0)
"""Bets are on traffic so many times beyond the limit, on either side."""
_MOST_OF_A_BLOCK, _MOST_OF_A_DAY = math.log(20.0), math.log(60.0)
"""No block and no day decides alone: a batch that comes an hour later, a burst, a holiday."""
_SILENT = 5.0
"""Where so many independent records were to come and none did, it is silence, which is told by ModelTrafficStopped."""
_RECOVERED = 0.85
"""The latch opens where the logarithm of the ratio over the last day is within this share of the limit."""
_ENOUGH = 20.0
_STRAY = 4.0


@attrs.frozen
class Usual:
    """How many records came in some time, how many are usual then, and one standard deviation of that, all in records."""

    records: float
    usual: float
    deviation: float
    seconds: float


@attrs.define(eq=False)
class _Family:
    """Bets on sums of ``blocks`` blocks: two directions, three sizes. ``log_m`` is the evidence of each, [bet].

    The last week of sums says nothing of their variation yet: an excursion must not hide itself.
    """

    blocks: int
    most: float
    log_m: list[float] = attrs.field(factory=lambda: [-math.inf] * (2 * len(_BETS)))
    began: list[int] = attrs.field(factory=lambda: [0] * (2 * len(_BETS)))
    dispersion: float = 1.0
    _squares: list[float] = attrs.field(factory=list)
    _usuals: list[float] = attrs.field(factory=list)

    def learn(self, records: float, usual: float) -> None:
        """Take in a sum beside what was usual; one burst is cut."""
        if usual > 0:
            strayed = min(records, _STRAY * usual + 50.0) - usual
            self._squares.append(strayed * strayed)
            self._usuals.append(usual)

    def refresh(self) -> None:
        """See how far counts have strayed: the variance about their habit, as a multiple of a Poisson law's, at least 1."""
        week = _A_WEEK // self.blocks
        del self._squares[: -(_WEEKS + 1) * week], self._usuals[: -(_WEEKS + 1) * week]
        known = max(len(self._usuals) - week, min(len(self._usuals), week))
        usual = sum(self._usuals[:known])
        self.dispersion = max(1.0, sum(self._squares[:known]) / usual) if usual else 1.0

    def forget(self, sums: int) -> None:
        """Leave out the latest sums, which were of an excursion."""
        if sums > 0:
            del self._squares[-sums:], self._usuals[-sums:]

    def bet(self, block: int, records: float, usual: float, limit: float) -> None:
        """One update; no bet where ``limit`` is infinite."""
        log_w = math.log(self.blocks * BLOCK_SECONDS / 60.0)
        factors = [0.0] * len(self.log_m)
        if math.isfinite(limit):
            dispersion = self.dispersion
            seen, expected = records / dispersion, usual / dispersion
            silent = not records and expected >= _SILENT
            for place, beyond in enumerate(_BETS):
                rise = seen * math.log(beyond) - limit * (beyond - 1.0) * expected
                fall = (1.0 - 1.0 / beyond) * expected / limit - seen * math.log(beyond)
                factors[place] = min(rise, self.most)
                factors[len(_BETS) + place] = 0.0 if silent else min(fall, self.most)
        for place, factor in enumerate(factors):
            if self.log_m[place] <= log_w:
                self.log_m[place], self.began[place] = log_w, block + 1 - self.blocks
            self.log_m[place] += factor

    def restart(self) -> None:
        """Set all bets back to the start."""
        self.log_m = [-math.inf] * len(self.log_m)

    def snapshot(self) -> dict[str, Any]:
        """State for a snapshot."""
        kept = {"squares": self._squares, "usuals": self._usuals, "dispersion": self.dispersion}
        return {"log_m": self.log_m, "began": self.began, **kept}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a snapshot."""
        self.log_m, self._squares, self._usuals = (_numbers(state[name]) for name in ("log_m", "squares", "usuals"))
        self.dispersion = float(state["dispersion"])
        self.began = [*map(int, state["began"])]
        if len(self.log_m) != 2 * len(_BETS) or len(self.began) != len(self.log_m):
            raise ValueError("other bets")


class CountEvidence:
    """Decides an alarm by the counts of blocks of two hours, and by those of days.

    What is usual in a block is the mean of the same block in the four weeks before, as far as they are known. A bet is that the
    count is beyond a limit: counts are taken for those of a Poisson law that is wider by their own dispersion, and the limit is
    a factor of 2.2 or what the days' own variation asks for. The alarm's evidence is the plain average over all bets, so an
    average over blocks of any length is one, too. While the latch is closed, the habit follows, and its variation stands.
    """

    def __init__(self, alarm: Alarm) -> None:
        self._alarm = alarm
        alarm.restart = self._released
        self._begin()

    def _begin(self) -> None:
        self._families = (_Family(1, _MOST_OF_A_BLOCK), _Family(_A_DAY, _MOST_OF_A_DAY))
        self._counts: list[float] = []  # of the blocks that are over, the last one last
        self._usual: list[float] = []  # what was usual in each, NaN where nothing was known
        self._strayed: list[float] = []  # squared logarithms of the ratios of days, less what chance adds
        self._block: int | None = None  # the one that is not over
        self._current = 0.0
        self._known = 0  # blocks
        self._day = 0  # the block of the day with which a day ends
        self._onset: float | None = None  # while the latch is closed
        self._recovering = False

    # What comes in.

    def add(self, block: int, records: float, time: float, record: int) -> None:
        """Count records in a block (event time by :data:`BLOCK_SECONDS`); earlier blocks are over then.

        ``time`` is the event clock in seconds and ``record`` the line at the first of them.
        """
        if self._block is None or block < self._block or block - self._block > _KEPT:
            restarted = self._block is not None
            self._begin()
            if restarted:
                self._alarm.forget()
            self._block = block
        while self._block < block:
            self._close(self._block, time, record)
            self._block += 1
            self._current = 0.0
        self._current += records

    def expected(self, ahead: int = 0) -> float:
        """Records that are usual in the block that is not over, or in one ``ahead`` of it; NaN in the first week."""
        places = [week * _A_WEEK - ahead for week in range(1, _WEEKS + 1)]
        found = [self._counts[-place] for place in places if 0 < place <= len(self._counts)]
        return sum(found) / len(found) if found else math.nan

    def _close(self, block: int, time: float, record: int) -> None:
        usual = self.expected()
        self._counts.append(self._current)
        self._usual.append(usual)
        self._known += 1
        if self._known == _WARM_UP or (self._known > _WARM_UP and self._known % _A_WEEK == 0):
            self._day = self._quietest(block)
        betting, limit = self._known > _WARM_UP and not math.isnan(usual), self.limit
        of_blocks = self._families[0]
        of_blocks.bet(block, self._current, usual, limit if betting else math.inf)
        if not self._alarm.active and not math.isnan(usual):
            of_blocks.learn(self._current, usual)
        if block % _A_DAY == self._day and len(self._counts) >= _A_DAY:
            self._close_day(block, limit if betting else math.inf)
        self._decide(block, time, record)

    def _close_day(self, block: int, limit: float) -> None:
        records, usual = sum(self._counts[-_A_DAY:]), sum(self._usual[-_A_DAY:])
        of_days = self._families[1]
        of_days.bet(block, records, usual, math.inf if math.isnan(usual) else limit)
        del self._counts[:-_KEPT], self._usual[:-_KEPT]
        for each in self._families:
            each.refresh()
        if self._alarm.active or math.isnan(usual) or not records:
            return
        of_days.learn(records, usual)
        if usual >= _ENOUGH:
            ratio = max(-math.log(_STRAY), min(math.log((records + 0.5) / (usual + 0.5)), math.log(_STRAY)))
            by_chance = self._families[0].dispersion / usual
            self._strayed.append(max(0.0, ratio * ratio - by_chance))
            del self._strayed[: -7 * (_WEEKS + 1)]

    def _quietest(self, block: int) -> int:
        """The block of a day around which the fewest records come: a day that ends there cuts no batch in two."""
        sums = [0.0] * _A_DAY
        for place, count in enumerate(reversed(self._counts)):
            sums[(block - place) % _A_DAY] += count
        around = [sums[place] + sums[(place + 1) % _A_DAY] for place in range(_A_DAY)]
        return around.index(min(around))

    # What is decided.

    @property
    def limit(self) -> float:
        """How many times the usual is not told."""
        known = self._strayed[: max(len(self._strayed) - 7, min(len(self._strayed), 7))]
        deviation = math.sqrt(sum(known) / len(known)) if known else 0.0
        return max(_FACTOR, math.exp(_DEVIATIONS * deviation))

    def _decide(self, block: int, time: float, record: int) -> None:
        alarm, every = self._alarm, [value for each in self._families for value in each.log_m]
        largest = max(every)
        if math.isfinite(largest):
            alarm.evidence = largest + math.log(sum(math.exp(value - largest) for value in every) / len(every))
        if alarm.active:
            self._recovering = self._recovered(block)
            if self._recovering:
                alarm.resolve(time, record)
                self._recovering = False
        elif alarm.evidence >= alarm.threshold:
            began = [start for each in self._families for start in each.began]
            self._onset = float(began[every.index(largest)] * BLOCK_SECONDS)
            self._leave_out(self._blocks_since(self._onset))
            alarm.fire(time, record, onset=self._onset)

    def _leave_out(self, blocks: int) -> None:
        """Do not take the excursion for the habit's variation."""
        of_blocks, of_days = self._families
        of_blocks.forget(blocks)
        of_days.forget(-(-blocks // _A_DAY))
        del self._strayed[len(self._strayed) - min(-(-blocks // _A_DAY), len(self._strayed)) :]

    def _recovered(self, block: int) -> bool:
        """Whether the last day, or as many days as have enough records, is back inside the limit."""
        since = 0 if self._onset is None else self._onset / BLOCK_SECONDS
        for days in range(1, 8):
            records, usual = self._sums(days * _A_DAY)
            if usual >= _ENOUGH * self._families[1].dispersion or days == 7:
                if block + 1 - since < days * _A_DAY or math.isnan(usual):
                    return False
                ratio = (records + 0.5) / (usual + 0.5)
                return abs(math.log(ratio)) <= _RECOVERED * math.log(self.limit)
        return False

    def _sums(self, blocks: int) -> tuple[float, float]:
        return sum(self._counts[-blocks:]), sum(self._usual[-blocks:])

    def _released(self) -> None:
        """Start all bets again when this latch has been opened. A new version of the model leaves its traffic as it is.

        Where a person has opened it, what has come since the onset is usual from now on.
        """
        if self._onset is None:
            return
        if not self._recovering:
            now = self._of_last(self._blocks_since(self._onset))
            if now.records > 0 and now.usual > 0:
                self._counts = [count * now.records / now.usual for count in self._counts]
        self._onset = None
        for each in self._families:
            each.restart()

    # What is told.

    def of_block(self) -> Usual:
        """What is usual in the block that is not over, and what has come of it; NaN in the first two weeks."""
        usual = self.expected() if self._known >= _WARM_UP else math.nan
        return Usual(self._current, usual, self._deviation(usual, self._families[0]), BLOCK_SECONDS)

    def since(self) -> Usual:
        """The blocks since the onset while the latch is closed, a week at most; else the last day, as far as it is known."""
        return self._of_last(_A_DAY if self._onset is None else self._blocks_since(self._onset))

    def _blocks_since(self, onset: float) -> int:
        block = 0 if self._block is None else self._block
        return min(max(1, block - int(onset // BLOCK_SECONDS)), _A_WEEK)

    def _of_last(self, blocks: int) -> Usual:
        blocks = min(blocks, len(self._counts))
        if not blocks:
            return Usual(math.nan, math.nan, math.nan, math.nan)
        records, usual = self._sums(blocks)
        if self._known < _WARM_UP:
            usual = math.nan
        return Usual(records, usual, self._deviation(usual, self._families[blocks >= _A_DAY]), blocks * BLOCK_SECONDS)

    def _deviation(self, usual: float, family: _Family) -> float:
        return math.nan if math.isnan(usual) else math.sqrt(family.dispersion * usual)

    # What is kept.

    def snapshot(self) -> dict[str, Any]:
        """State for a snapshot."""
        names = ("counts", "usual", "strayed", "block", "current", "known", "day", "onset")
        state = {name: getattr(self, f"_{name}") for name in names}
        return {**state, "families": [each.snapshot() for each in self._families]}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a snapshot. Raises :class:`StateError` if it is of something else; the evidence is then as new."""
        try:
            for family, saved in zip(self._families, state["families"], strict=True):
                family.restore(saved)
            self._counts, self._usual, self._strayed = (
                _numbers(state[name]) for name in ("counts", "usual", "strayed")
            )
            self._block = None if state["block"] is None else int(state["block"])
            self._current, self._known = float(state["current"]), int(state["known"])
            self._day = int(state["day"])
            self._onset = None if state["onset"] is None else float(state["onset"])
        except (KeyError, TypeError, ValueError) as error:
            self._begin()
            self._alarm.forget()
            raise StateError(f"the counts in the snapshot do not fit: {error!r}") from error


def _numbers(values: Sequence[Any]) -> list[float]:
    return [float(value) for value in values]
