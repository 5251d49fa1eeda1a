"""The seam between sources and formats: whole lines read from one input."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

__all__ = ["Chunk"]


@attrs.frozen
class Chunk:
    """Whole lines read from one input.

    ``data`` ends with a newline unless it is the end of a finite stream; empty lines may occur in it. ``stream`` names
    the byte stream within the input (a file keeps its name while it is read), so that a decoder may keep what belongs to
    it, such as a CSV header; ``starts_stream`` is true for its first chunk. ``errors`` counts, by reason, the lines before
    or inside the chunk that the source itself had to skip (``line_too_long``, ``invalid_gzip``). ``format`` overrides the
    input's format (a request body may say what it is). ``head`` is the stream's first non-empty line where no chunk holds
    it, so that a later line is not taken for a header: the line itself if reading began behind it, nothing if it was too
    long to be read. It comes once, with the first lines behind it.
    """

    input: str
    stream: str
    data: bytes
    starts_stream: bool = False
    errors: Mapping[str, int] = attrs.field(factory=dict)
    format: str | None = None
    head: bytes | None = None
