"""What a model's records say of themselves, whatever its reference: how many, which versions, what time it is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from ..errors import StateError
from ..labels.live_versions import VERSIONS
from ..records.batches import MAXIMUM_NAME
from ..records.clock import EventTimes
from ..records.columns import Column, Numbers, Texts
from ..records.raw_values import distinct_texts, text_of

__all__ = ["ModelTraffic"]


def _changes(values: Column) -> Iterator[tuple[int, object]]:
    """The positions at which a value is another than the one before it, with these values; the first one always."""
    if isinstance(values, Texts):
        changed = np.flatnonzero(np.diff(values.codes, prepend=values.codes[0] - 1))
        yield from zip(changed.tolist(), values.take(changed), strict=True)
        return
    before: object = None
    for position, value in enumerate(values):
        if not position or value != before or type(value) is not type(before):
            yield position, value
        before = value


def _name(value: object) -> str:
    name = text_of(value) or ""
    return name if len(name) <= MAXIMUM_NAME else ""


@attrs.define(eq=False)
class ModelTraffic:
    """Counters, version and clock of one model. ``position`` is the line of the last record, -1 before the first."""

    times: EventTimes
    records: int = 0
    version: str = ""
    version_changes: int = 0
    suppressed_observations: int = 0
    position: int = -1
    _versions: dict[str, int] = attrs.field(factory=dict)

    def follow_version(self, versions: Column | None) -> None:
        """Count how often the version is another than before."""
        for _, value in _changes(versions) if versions is not None else ():
            name = _name(value)
            if name and name != self.version:
                self.version_changes += bool(self.version)
                self.version = name

    def new_versions(self, versions: Column | None) -> list[int]:
        """Positions of the records with which a version begins that no record before had; the first of all is none.

        Of a canary's two versions in turns each begins once. After 100 versions none is new any more: then the field says
        something else, and evidence that starts again with each would never add up.
        """
        found = []
        for position, value in _changes(versions) if versions is not None else ():
            name = _name(value)
            if name and name not in self._versions and len(self._versions) < VERSIONS:
                if self._versions:
                    found.append(position)
                self._versions[name] = len(self._versions) + 1
        return found

    def version_codes(self, versions: Column | None, size: int) -> NDArray[np.uint8]:
        """The code of the version of each of ``size`` records, from 1 in the order in which they began; 0 for none."""
        if versions is None or not self._versions:
            return np.zeros(size, dtype=np.uint8)
        if isinstance(versions, Texts | Numbers):
            distinct, places = distinct_texts(versions)
            codes = [self._versions.get(_name(each), 0) for each in distinct]
            return np.array(codes, dtype=np.uint8)[places]
        return np.array([self._versions.get(_name(each), 0) for each in versions], dtype=np.uint8)

    def snapshot(self) -> dict[str, Any]:
        """State for a snapshot, as plain values; what is only counted starts again, as counters may."""
        times = self.times.snapshot()
        return {"times": times, "version": self.version, "line": self.position, "versions": [*self._versions]}

    def restore(self, state: Any) -> None:
        """Go on from a snapshot. Raises :class:`StateError` if it is of something else."""
        try:
            version, position = str(state["version"]), int(state["line"])
            versions = {name: code for code, name in enumerate(state["versions"], 1)}
            self.times.restore(state["times"])
        except (KeyError, TypeError, ValueError) as error:
            raise StateError(f"the traffic in the snapshot does not fit: {error!r}") from error
        self.version, self.position, self._versions = version, position, versions
