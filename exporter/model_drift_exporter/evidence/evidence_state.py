"""The evidence of all bets of one model, the time since when each has grown, and how it goes on from a snapshot."""

from __future__ import annotations

import hashlib
import logging
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import attrs
import msgspec
import numpy as np
from numpy.typing import NDArray

from ..errors import StateError
from ..statistics.betting.e_cusum import advance

__all__ = ["EvidenceState", "EvidenceUpdates", "ResumableEvidence", "digest_of"]

_log = logging.getLogger(__name__)
Array = NDArray[np.float64]
_DIGITS = 6
"""Decimals in a digest. Further digits of a logarithm may differ between mathematical libraries."""


@attrs.define(eq=False)
class EvidenceState:
    """``log_m`` is the natural logarithm of M of each bet; ``since`` the event time at which it last left its floor.

    ``since`` is NaN where no update has come since M was 1. A snapshot has seven digits, or all if it is to be ``exact``.
    """

    log_m: Array
    since: Array
    exact: bool = False

    @classmethod
    def new(cls, bets: int, *, exact: bool = False) -> EvidenceState:
        """M is 1 for every bet."""
        return cls(np.zeros(bets), np.full(bets, np.nan), exact)

    def after(self, log_e: Array, log_minutes: Array, begun: Array) -> EvidenceUpdates:
        """The evidence after each of some updates, which :meth:`take` can continue from.

        ``log_e`` is [update, bet]. ``log_minutes`` (the logarithm of the minutes that count) and ``begun`` (the time of the
        update before) are [update].
        """
        self.since = np.where(np.isnan(self.since), np.floor(begun[0]), self.since)
        log_m, started = advance(self.log_m, log_e, log_minutes)
        return EvidenceUpdates(log_m, started, begun, self)

    def take(self, updates: EvidenceUpdates, last: int) -> None:
        """Go on from the state after the update ``last``."""
        self.since = updates.since(last)
        self.log_m = updates.log_m[last].copy()

    def restart(self, places: NDArray[np.intp]) -> None:
        """Set M back to 1 for some bets."""
        self.log_m[places] = 0.0
        self.since[places] = np.nan

    def snapshot(self) -> dict[str, Any]:
        """The state, with each start time stored once: many bets begin at the same update."""
        times, places = np.unique(self.since, return_inverse=True)
        return {
            "log_m": self.log_m.copy() if self.exact else self.log_m.astype(np.float32),
            "times": times,
            "since": places.astype(np.min_scalar_type(len(times))),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a snapshot; raises :class:`ValueError` or :class:`IndexError` if it is of other bets."""
        log_m = np.array(state["log_m"], dtype=np.float64)
        since = np.array(state["times"], dtype=np.float64)[np.asarray(state["since"], dtype=np.intp)]
        if log_m.shape != self.log_m.shape or since.shape != self.since.shape or not np.isfinite(log_m).all():
            raise ValueError("evidence of other bets")
        self.log_m, self.since = log_m, since


@attrs.frozen(eq=False)
class EvidenceUpdates:
    """The evidence after each of some updates: ``log_m`` [update, bet] continues the state ``before``.

    ``begun`` is the time of the update before each. ``started`` [update, bet] is the update at which the bet's present
    evidence began to grow, -1 if that was before the first.
    """

    log_m: Array
    started: NDArray[np.int64]
    begun: Array
    before: EvidenceState

    def since(self, update: int) -> Array:
        """Event time since which each bet's evidence has grown, in whole seconds; [bet]."""
        started = self.started[update]
        return np.where(started < 0, self.before.since, np.floor(self.begun)[started])


def digest_of(parts: Iterable[object]) -> str:
    """Sixteen hexadecimal digits. They differ if a plain value differs, or an array in more than its last digits."""
    digest = hashlib.sha256()
    for part in parts:
        if isinstance(part, np.ndarray):
            rounded = np.round(part.astype(np.float64), _DIGITS) + 0.0  # turns -0 into 0
            digest.update(repr(part.shape).encode() + rounded.tobytes())
        else:
            digest.update(msgspec.json.encode(part))
        digest.update(b"\n")
    return digest.hexdigest()[:16]


class ResumableEvidence(ABC):
    """Evidence that goes on from a snapshot of the same bets; ``name`` is told in logs and errors, ``digest`` tells the bets."""

    name: str
    digest: str

    @abstractmethod
    def _begin(self) -> None:
        """Set all evidence to 1. Latches stay as they are."""

    @abstractmethod
    def resume(self, state: Mapping[str, Any]) -> None:
        """Go on from a snapshot of the same bets. May raise whatever a damaged one leads to."""

    def fits(self, state: Any) -> bool:
        """Whether a snapshot is of the same bets. Raises :class:`StateError` if it does not say."""
        with self._reading():
            return bool(state["bets"] == self.digest)

    def restore(self, state: Any) -> None:
        """Go on from a snapshot. One of other bets is set aside: evidence begins anew, and closed latches wait for recovery.

        If it is damaged, raises :class:`StateError` and leaves evidence as new.
        """
        if self.fits(state):
            with self._reading():
                self.resume(state)
        else:
            _log.info(
                "%s: evidence begins anew: its settings, the reference or the form of snapshots changed", self.name
            )
            self._begin()

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except (LookupError, TypeError, ValueError, ArithmeticError, AttributeError) as error:
            self._begin()
            raise StateError(f"{self.name}: the evidence in the snapshot does not fit: {error!r}") from error
