"""The interface of sources: a source yields chunks of whole records. What is known of a kind of source is its spec."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any

import attrs

from ..errors import StateError
from ..metrics.metric import Metric
from ..records.chunk import Chunk
from ..records.framing import FramingOf, always_newline

__all__ = ["Opening", "Source", "SourceSpec", "SourceStatus", "catalogue_of", "scheme_in", "without_scheme"]

_SCHEME = re.compile(r"^([a-zA-Z][a-zA-Z0-9+.-]*)://")


@attrs.frozen
class SourceStatus:
    """The status of a source: counters since start, and how far it is behind.

    ``up`` is false while the input cannot be read; ``problem`` then gives the reason as text. ``lag_bytes`` counts the
    bytes that exist but are not read yet. ``lag_seconds`` is the time since the source last had read everything; 0 if it
    has now. ``dropped`` counts records or requests that a full queue refused; ``queue_bytes`` wait in it. ``extra`` holds
    the metrics that only this kind of source has, those of its :class:`SourceSpec`.
    """

    input: str
    up: bool = True
    problem: str = ""
    bytes_read: int = 0
    lag_bytes: int = 0
    lag_seconds: float = 0.0
    rotations: int = 0
    truncations: int = 0
    open_errors: int = 0
    files: int = 0
    dropped: int = 0
    queue_bytes: int = 0
    extra: Mapping[Metric, float] = attrs.field(factory=dict)


class Source:
    """Where records come from.

    ``input`` is the name of the input. ``format`` is the name of its format, or ``auto`` to detect it by the file's name,
    else by the first line.
    """

    input: str
    format: str = "auto"

    @property
    def finished(self) -> bool:
        """Whether no more bytes can come: standard input is closed, or an archive is read."""
        return False

    @property
    def patient(self) -> bool:
        """Whether records can wait in the input while older records of other inputs are read.

        The lines of a file can wait. A pipe or an HTTP request cannot: its writer, perhaps the model, would be blocked.
        """
        return False

    def poll(self, now: float, *, draining: bool = False) -> Chunk | None:
        """The next records, or ``None`` if there is nothing new. Never blocks.

        ``now`` is the wall-clock time in seconds since the epoch. While ``draining``, the source does not wait for the end
        of unfinished lines: it returns a line without a newline as the last line.
        """
        raise NotImplementedError

    def status(self, now: float) -> SourceStatus:
        """The counters at wall-clock time ``now``."""
        raise NotImplementedError

    def checkpoint(self) -> Any:
        """The reading position, as plain values for a snapshot; ``None`` if the source cannot be read again."""
        return None

    def acknowledge(self, checkpoint: Any) -> None:
        """Let go of what is before a :meth:`checkpoint`: a snapshot that holds it is on disk, so it is not read again."""

    def resume(self, state: Any) -> None:
        """Continue from the :meth:`checkpoint` of an earlier process. Call it before the first poll.

        Raises :class:`StateError` if ``state`` is not a checkpoint; reading then starts as if there were none.
        """
        raise StateError(f"input {self.input} cannot go on from {state!r}")

    def close(self) -> None:
        """Release what is open. The source is not polled any more."""


@attrs.frozen
class Opening:
    """What the settings of an input ask of its source.

    ``path`` is what is written behind the scheme, ``start`` is ``beginning`` or ``end``. ``framing`` tells how records
    follow one another in a stream. ``once``: read what is there and
    finish. Records longer than ``line_bytes`` are skipped and counted. ``settings`` are those of the source's section.
    """

    input: str
    path: str
    format: str = "auto"
    start: str = "beginning"
    framing: FramingOf = always_newline
    once: bool = False
    line_bytes: int = 1 << 20
    settings: Any = None


@attrs.frozen
class SourceSpec:
    """All that is known of a kind of source. A source is a module with its spec and a line in ``SOURCES``.

    An input is read by it if its path begins with ``scheme://``. ``settings`` is an attrs class: a section of the
    configuration with the scheme's name. ``metrics`` are those of ``SourceStatus.extra``; their one label is ``input``.
    """

    scheme: str
    open: Callable[[Opening], Source]
    settings: type | None = None
    metrics: tuple[Metric, ...] = ()


def catalogue_of(specs: Iterable[SourceSpec]) -> Mapping[str, SourceSpec]:
    """Specs by scheme. Raises ``ValueError`` for two of one scheme, and for a metric that is not by input."""
    found: dict[str, SourceSpec] = {}
    for spec in specs:
        if spec.scheme in found:
            raise ValueError(f"two sources have the scheme {spec.scheme}")
        if odd := [metric.name for metric in spec.metrics if metric.labels != ("input",)]:
            raise ValueError(f"metrics of a source have the label input and no other: {', '.join(odd)}")
        found[spec.scheme] = spec
    return MappingProxyType(found)


def scheme_in(path: str) -> str:
    """The scheme that a path begins with, in lower case; empty if it has none, as the name of a file."""
    found = _SCHEME.match(path)
    return found[1].lower() if found else ""


def without_scheme(path: str) -> str:
    """What stands behind the scheme; the path itself if it has none."""
    return _SCHEME.sub("", path, count=1)
