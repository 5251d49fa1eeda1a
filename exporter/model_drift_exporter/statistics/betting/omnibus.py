"""The omnibus bet: that the next records are like the last ones, and not like the nearest law that counts as no drift."""

from __future__ import annotations

import copy
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from ..layout import FloatArray, IndexArray
from .reference_ball import ReferenceBall, projected

__all__ = ["MEMORIES", "OmnibusBets"]

Single = npt.NDArray[np.float32]

MEMORIES = (300.0, 3_000.0)
"""How many records each of the bets remembers, counted as independent ones."""

_PRIOR = 50.0
"""The weight of the reference in a bet, in records."""
_PERIOD = 10
"""Updates from one refresh of a column's bets to the next."""
_FEWEST = 32
"""At least so many columns are refreshed together, if there are as many. For fewer, calls cost more than arithmetic."""


class OmnibusBets:
    """Bets on the histogram of the last records of each column, with their memory of these.

    A column's bets are renewed at every tenth update, groups of columns in turn. So results depend on the updates, but not
    on how many come at once. If ``seasonal``, :meth:`enter` may exchange the reference. The bets then remember how records
    differed from what was expected at their time.
    """

    def __init__(self, ball: ReferenceBall, *, seasonal: bool = False) -> None:
        self._ball = ball
        self._seasonal = seasonal
        shape = (len(MEMORIES), *ball.shares.shape)
        groups = int(np.clip(shape[1] // _FEWEST, 1, _PERIOD))
        # By the place of an update among ten: the columns to be renewed after it.
        self._groups: dict[int, IndexArray] = {
            group * _PERIOD // groups: np.arange(group, shape[1], groups) for group in range(groups)
        }
        self._updates = 0
        self._pending = np.zeros(ball.shares.shape, dtype=np.float32)
        self._observed = np.zeros(shape, dtype=np.float32)
        self._expected = np.zeros(shape if seasonal else (), dtype=np.float32)
        self._log_ratio = np.zeros(shape)
        self._bet(np.arange(shape[1]))

    def log_e(self, counts: npt.ArrayLike) -> FloatArray:
        """The ln e of updates ``[update, column, cell]``, as ``[update, column, bet]`` with one bet per memory.

        Each update is bet on first, and remembered afterwards. Evidence is divided by the columns' design effect.
        """
        updates = np.asarray(counts, dtype=np.float32)
        found = np.empty((len(updates), updates.shape[1], len(MEMORIES)))
        first = 0
        while first < len(updates):
            last = first + self._until_renewal(len(updates) - first)
            between = updates[first:last]
            for memory, log_ratio in enumerate(self._log_ratio):
                (between * log_ratio).sum(axis=-1, out=found[first:last, :, memory])
            self._pending += between.sum(axis=0)  # whole numbers: exact however they are added
            self._updates += last - first
            columns = self._groups.get(self._updates % _PERIOD)
            if columns is not None:
                self._remember(columns)
                self._bet(columns)
            first = last
        found /= self._ball.design_effect[:, None]
        return found

    def _until_renewal(self, most: int) -> int:
        """Updates up to and including the next one after which a group is renewed, ``most`` at most."""
        updates = 1
        while updates < most and (self._updates + updates) % _PERIOD not in self._groups:
            updates += 1
        return updates

    def enter(self, ball: ReferenceBall) -> None:
        """Exchanges the reference from the next update on, when a season slot begins.

        Raises ``ValueError`` without ``seasonal``.
        """
        if not self._seasonal:
            raise ValueError("only bets made with seasonal=True can enter another slot")
        every = np.arange(len(self._pending))
        self._remember(every)
        self._ball = ball
        self._bet(every)

    def restart(self, columns: npt.ArrayLike) -> None:
        """Forgets all about some columns (positions or a mask), for example after their recovery."""
        chosen = np.arange(len(self._pending))[np.asarray(columns)]
        self._pending[chosen] = 0.0
        self._observed[:, chosen] = 0.0
        if self._seasonal:
            self._expected[:, chosen] = 0.0
        self._bet(chosen)

    def copy(self) -> Self:
        """An independent copy."""
        twin = copy.copy(self)
        for name in ("_pending", "_observed", "_expected", "_log_ratio"):
            setattr(twin, name, getattr(self, name).copy())
        return twin

    def snapshot(self) -> dict[str, Any]:
        """A copy of the state, as arrays and a number."""
        pending = self._pending.astype(np.min_scalar_type(int(self._pending.max(initial=0.0))))
        state = {"updates": self._updates, "pending": pending, "observed": _packed(self._observed)}
        return {**state, "expected": _packed(self._expected)} if self._seasonal else state

    def restore(self, state: dict[str, Any]) -> None:
        """Goes on exactly from :meth:`snapshot`. The bets must have been made with the ball of that moment.

        Raises ``KeyError`` or ``ValueError`` if the state is of other columns.
        """
        names = ("observed", "expected") if self._seasonal else ("observed",)
        arrays = {name: _unpacked(state[name], self._observed.shape) for name in names}
        arrays["pending"] = np.array(state["pending"], dtype=np.float32).reshape(self._pending.shape)
        if not all(np.isfinite(array).all() for array in arrays.values()):
            raise ValueError("an omnibus bet cannot remember what is not finite")
        self._updates = int(state["updates"])
        for name, array in arrays.items():
            setattr(self, f"_{name}", array)
        self._bet(np.arange(len(self._pending)))

    def _remember(self, columns: IndexArray) -> None:
        counts = self._pending[columns] / self._ball.design_effect[columns, None]
        records = counts.sum(axis=1, keepdims=True)
        for position, memory in enumerate(MEMORIES):
            kept = np.exp(-records / memory)
            self._observed[position, columns] = _shortened(self._observed[position, columns] * kept + counts)
            if self._seasonal:
                expected = self._expected[position, columns] * kept + records * self._ball.smoothed[columns]
                self._expected[position, columns] = _shortened(expected)
        self._pending[columns] = 0.0

    def _bet(self, columns: IndexArray) -> None:
        ball = self._ball
        shares, smoothed = ball.shares[columns], ball.smoothed[columns]
        observed = self._observed[:, columns].astype(np.float64)
        bet = _PRIOR * smoothed + observed
        if self._seasonal:
            bet *= smoothed / (_PRIOR * smoothed + self._expected[:, columns] + (smoothed == 0))
        bet /= bet.sum(axis=-1, keepdims=True)
        part = projected(bet, shares, ball.radius[columns])[..., None]
        law = shares + part * (bet - shares)
        outside = (law > 0) & (part < 1.0)
        self._log_ratio[:, columns] = np.log(np.where(outside, bet, 1.0) / np.where(outside, law, 1.0))


def _shortened(value: FloatArray) -> Single:
    """Rounded to 16 significant bits, so that three bytes in a snapshot hold exactly what is remembered."""
    bits = np.ascontiguousarray(value, dtype="<f4").view("<u4")
    short: Single = ((bits + np.uint32(0x80)) & np.uint32(0xFFFFFF00)).view("<f4")
    return short


def _packed(value: Single) -> npt.NDArray[np.uint8]:
    """The upper three bytes of each number, [..., 3]. Empty if all are 0, for example while slots change all the time."""
    if not value.any():
        return np.zeros(0, dtype=np.uint8)
    return np.ascontiguousarray(value, dtype="<f4").view(np.uint8).reshape(*value.shape, 4)[..., 1:].copy()


def _unpacked(packed: npt.ArrayLike, shape: tuple[int, ...]) -> Single:
    """The numbers of :func:`_packed`. Raises ``ValueError`` if there are fewer or more than ``shape`` has."""
    upper = np.asarray(packed, dtype=np.uint8).reshape(-1, 3)
    if not len(upper):
        return np.zeros(shape, dtype=np.float32)
    whole = np.zeros((len(upper), 4), dtype=np.uint8)
    whole[:, 1:] = upper
    return whole.view("<f4")[:, 0].astype(np.float32).reshape(shape)
