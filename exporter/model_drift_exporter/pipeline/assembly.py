"""What the settings ask for, put together: references, sources, and the pipeline from the one to the other."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

from ..configuration.settings import InputSettings, Settings
from ..models.models import Models
from ..reference.profile import ReferenceProfile
from ..reference.profile_file import load_references
from ..sources import FileSource, StdinSource
from ..sources.source import Source
from .pipeline import Pipeline

__all__ = [
    "SOURCES",
    "make_pipeline",
    "open_sources",
    "wait_for_more",
]

_PIPE_SECONDS = 0.01


def _open_file(each: InputSettings, settings: Settings, once: bool) -> Source:
    line_bytes = settings.limits.line_bytes
    return FileSource(each.name, each.path, format=each.format, once=once, start=each.start, line_bytes=line_bytes)


def _open_stdin(each: InputSettings, settings: Settings, _once: bool) -> Source:
    return StdinSource(each.name, format=each.format, line_bytes=settings.limits.line_bytes)


SOURCES: Mapping[str, Callable[[InputSettings, Settings, bool], Source]] = {
    "file": _open_file,
    "stdin": _open_stdin,
}
"""How an input is opened, by the scheme of its path; ``-`` is standard input, a path without a known scheme a file."""


def _scheme(path: str) -> str:
    scheme, separator, _ = path.partition("://")
    return "stdin" if path == "-" else scheme if separator and scheme in SOURCES else "file"


def open_sources(inputs: Sequence[InputSettings], settings: Settings, *, once: bool = False) -> list[Source]:
    """A source for each input; ``once`` makes them read what is there and finish."""
    return [SOURCES[_scheme(each.path)](each, settings, once) for each in inputs]


def make_pipeline(
    settings: Settings, sources: Sequence[Source], references: Sequence[ReferenceProfile] | None = None
) -> Pipeline:
    """The pipeline that the settings ask for; ``references`` stand for those of the settings where they are loaded already.

    Raises :class:`ReferenceProfileError`.
    """
    models = Models(
        settings.monitoring,
        load_references(settings.reference) if references is None else references,
        default_name=settings.model.name,
        limit=settings.limits.models,
    )
    return Pipeline(
        sources,
        models,
        fields=settings.fields.names(),
        include=settings.features.include,
        exclude=settings.features.exclude,
        labels=[each.name for each in settings.inputs if each.contains == "labels"],
    )


def wait_for_more() -> None:
    """A moment, for inputs that are read to their end: what feeds a pipe may not have written yet."""
    time.sleep(_PIPE_SECONDS)
