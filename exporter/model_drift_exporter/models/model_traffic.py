"""What a model's records say of themselves, whatever its reference: how many, which versions, what time it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs

from ..errors import StateError
from ..records.batches import MAXIMUM_NAME
from ..records.clock import EventTimes
from ..records.columns import Texts
from ..records.raw_values import text_of

__all__ = ["ModelTraffic"]

_VERSIONS = 100


def _first_alone(values: Sequence[object]) -> Sequence[object]:
    if isinstance(values, Texts):
        return values[:1] if (values.codes == values.codes[0]).all() else values
    return values[:1] if values.count(values[0]) == len(values) else values


def _name(value: object) -> str:
    name = text_of(value) or ""
    return name if len(name) <= MAXIMUM_NAME else ""


@attrs.define(eq=False)
class ModelTraffic:
    """Counters, version and clock of one model. ``line`` is that of the last record in its input, -1 before the first."""

    times: EventTimes
    records: int = 0
    version: str = ""
    version_changes: int = 0
    suppressed_observations: int = 0
    position: int = -1
    _versions: dict[str, None] = attrs.field(factory=dict)

    def follow_version(self, versions: Sequence[object] | None) -> None:
        """Count how often the version is another than before."""
        for value in _first_alone(versions) if versions is not None else ():
            name = _name(value)
            if name and name != self.version:
                self.version_changes += bool(self.version)
                self.version = name

    def new_versions(self, versions: Sequence[object] | None) -> list[int]:
        """Positions of the records with which a version begins that no record before had; the first of all is none.

        Of a canary's two versions in turns each begins once. After 100 versions none is new any more: then the field says
        something else, and evidence that starts again with each would never add up.
        """
        found = []
        for position, value in enumerate(_first_alone(versions) if versions is not None else ()):
            name = _name(value)
            if name and name not in self._versions and len(self._versions) < _VERSIONS:
                if self._versions:
                    found.append(position)
                self._versions[name] = None
        return found

    def snapshot(self) -> dict[str, Any]:
        """State for a snapshot, as plain values; what is only counted starts again, as counters may."""
        times = self.times.snapshot()
        return {"times": times, "version": self.version, "line": self.position, "versions": [*self._versions]}

    def restore(self, state: Any) -> None:
        """Go on from a snapshot. Raises :class:`StateError` if it is of something else."""
        try:
            version, position, versions = str(state["version"]), int(state["line"]), dict.fromkeys(state["versions"])
            self.times.restore(state["times"])
        except (KeyError, TypeError, ValueError) as error:
            raise StateError(f"the traffic in the snapshot does not fit: {error!r}") from error
        self.version, self.position, self._versions = version, position, versions
