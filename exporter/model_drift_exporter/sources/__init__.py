"""Where records come from. A new source is one module here and one line in ``SOURCES``."""

from __future__ import annotations

from collections.abc import Mapping

from .base import Chunk, Source, SourceStatus
from .files import FileSource
from .ingest import IngestSource
from .stdin import StdinSource

__all__ = ["SOURCES", "Chunk", "FileSource", "IngestSource", "Source", "SourceStatus", "StdinSource"]

SOURCES: Mapping[str, type[Source]] = {
    "file": FileSource,
    "stdin": StdinSource,
    "ingest": IngestSource,
}
"""Kind of source to class; every class takes the input's name as ``input``, the rest is its own."""
