"""Sources by scheme. A new one is a module with its ``SourceSpec`` and a line in ``SOURCES``."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from .files.file_source import FILES, FileSource
from .ingest import IngestSource
from .source import Opening, Source, SourceSpec, SourceStatus, catalogue_of, scheme_in, without_scheme
from .stdin import STANDARD_INPUT, StdinSource

__all__ = [
    "FILES",
    "SOURCES",
    "STANDARD_INPUT",
    "FileSource",
    "IngestSource",
    "Opening",
    "Source",
    "SourceSpec",
    "SourceStatus",
    "StdinSource",
    "open_source",
    "scheme_in",
    "scheme_of",
    "without_scheme",
]

SOURCES: Mapping[str, SourceSpec] = catalogue_of(
    (
        FILES,
        STANDARD_INPUT,
    )
)
"""By the scheme of a path. ``-`` is standard input, and a path without a scheme is a file or a pattern of files."""


def scheme_of(path: str) -> str:
    """The scheme of the source that reads a path; it may be one that no source has."""
    return STANDARD_INPUT.scheme if path == "-" else scheme_in(path) or FILES.scheme


def open_source(opening: Opening) -> Source:
    """The source of an input, whose ``path`` is as it is configured. Raises ``KeyError`` if no source has its scheme."""
    return SOURCES[scheme_of(opening.path)].open(attrs.evolve(opening, path=without_scheme(opening.path)))
