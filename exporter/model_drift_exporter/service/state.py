"""Keeps the state of a running exporter in a snapshot, and goes on from one: offsets, evidence, windows, waiting labels."""

from __future__ import annotations

import logging
import stat
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Protocol, TypeVar

import attrs

from ..errors import ConfigurationError, Problem, StateError
from ..metrics.metric import Group, Metric, counter, gauge
from ..metrics.samples import Samples, Series
from .snapshot_file import read_snapshot, set_aside, write_snapshot

__all__ = ["METRICS", "Keepable", "Restorable", "StateKeeper", "state_keeper"]

_log = logging.getLogger(__name__)
_LARGEST_SHARE = 0.01

_SAVED = gauge("model_drift_exporter_snapshot_timestamp_seconds", "", "When the state was last saved.", Group.EXPORTER)
_BYTES = gauge("model_drift_exporter_snapshot_bytes", "", "Size of the last snapshot of the state.", Group.EXPORTER)
_ERRORS = counter(
    "model_drift_exporter_snapshot_errors_total", "", "Snapshots that could not be written.", Group.EXPORTER
)
_RESTORED = gauge(
    "model_drift_exporter_snapshot_restored",
    "",
    "1 if this process went on from a snapshot, 0 if it started anew.",
    Group.EXPORTER,
)
METRICS: tuple[Metric, ...] = (_SAVED, _BYTES, _ERRORS, _RESTORED)

T = TypeVar("T", bound="Restorable")


def state_keeper(path: str | None, interval: float) -> StateKeeper | None:
    """The keeper that settings ask for. Raises :class:`ConfigurationError` for a path that is there and no file."""
    if not path:
        return None
    file = Path(path)
    try:
        mode = file.stat().st_mode
    except OSError:
        mode = stat.S_IFREG  # what cannot be looked at yet is said when it is read or written
    if not stat.S_ISREG(mode):
        hint = "name a file in a folder that the exporter may write to, such as /var/lib/model-drift-exporter/state"
        raise ConfigurationError([Problem("state.path", f"{path} is there and is no regular file", hint)])
    return StateKeeper(file, interval)


class Keepable(Protocol):
    """What has a state: plain values and arrays, as :func:`~.snapshot_file.write_snapshot` takes them."""

    def snapshot(self) -> Any:
        """The state now. Arrays may be views; they are written before the state changes again."""
        ...

    def saved(self, state: Any) -> None:
        """Take note that a state of :meth:`snapshot`, the last one, is on disk."""
        ...


class Restorable(Protocol):
    """What goes on from a state."""

    def restore(self, state: Any) -> None:
        """Go on from a state. Raises :class:`StateError` if it does not fit; what was restored by then is of no use."""
        ...


@attrs.define(eq=False)
class StateKeeper:
    """Saves a state every ``interval`` seconds, and never for more than a hundredth of the time.

    A state that cannot be written is counted and said once; reading goes on. ``clock`` measures what saving takes.
    """

    path: Path
    interval: float
    clock: Callable[[], float] = time.monotonic
    restored: bool = False
    errors: int = 0
    size: int = 0
    saved_at: float | None = None
    _next: float | None = None
    _problem: str = ""

    def restore(self, make: Callable[[], T]) -> T:
        """What ``make`` makes, restored from the file if there is one that fits; it is called again after one that does not.

        A file that cannot be used is set aside and said in the log, so that a person can look at it.
        """
        target = make()
        try:
            self.path.stat()
            state = self._read()
            target.restore(state["state"])
        except FileNotFoundError:
            return target
        except OSError as error:
            self.errors += 1
            _log.error("starting without the old state: cannot read %s: %s", self.path, error.strerror or error)
            return make()
        except StateError as error:
            self.errors += 1
            aside = set_aside(self.path)
            where = f"it is {aside} now" if aside else "it is replaced by the next one"
            _log.error("starting without the old state, which cannot be used: %s; %s", error, where)
            return make()
        self.restored = True
        self.saved_at = float(state.get("saved", 0.0))
        self.size = self.path.stat().st_size
        _log.info("going on from the state in %s", self.path)
        return target

    def _read(self) -> dict[str, Any]:
        state = read_snapshot(self.path)
        if not isinstance(state, dict) or "state" not in state:
            raise StateError(f"{self.path}: the snapshot is of another kind")
        return state

    def save_if_due(self, target: Keepable, now: float) -> None:
        """Save if it is time; ``now`` is wall-clock time in seconds."""
        if self._next is None:
            self._next = now + self.interval
        # A clock that was set back must not end the saving.
        if now >= self._next or self._next - now > self.interval / _LARGEST_SHARE:
            self.save(target, now)

    def save(self, target: Keepable, now: float) -> None:
        """Save now."""
        began = self.clock()
        try:
            state = target.snapshot()
            self.size = write_snapshot(self.path, {"saved": now, "state": state})
        except StateError as error:
            self.errors += 1
            if str(error) != self._problem:
                self._problem = str(error)
                _log.error("%s; reading goes on, but a restart would lose what happened since the last one", error)
        else:
            self.saved_at = now
            target.saved(state)
            if self._problem:
                self._problem = ""
                _log.info("the state is saved in %s again", self.path)
        self._next = now + max(self.interval, (self.clock() - began) / _LARGEST_SHARE)

    def collect(self) -> Iterable[Samples]:
        """Samples on the snapshot itself."""
        if self.saved_at is not None:
            yield Series(_SAVED, [()]).samples([self.saved_at])
            yield Series(_BYTES, [()]).samples([self.size])
        yield Series(_ERRORS, [()]).samples([self.errors])
        yield Series(_RESTORED, [()]).samples([float(self.restored)])
