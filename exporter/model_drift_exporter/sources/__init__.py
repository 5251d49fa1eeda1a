"""Where records come from. A new source is one module here and one line in ``SOURCES`` of ``pipeline/assembly.py``."""

from __future__ import annotations

from .files.file_source import FileSource
from .ingest import IngestSource
from .source import Source, SourceStatus
from .stdin import StdinSource

__all__ = ["FileSource", "IngestSource", "Source", "SourceStatus", "StdinSource"]
