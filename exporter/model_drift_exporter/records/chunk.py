"""The interface between sources and formats: whole lines read from one input."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import attrs

__all__ = ["NO_ATTRIBUTES", "Attributes", "Chunk"]

Attributes = Mapping[str, str]
NO_ATTRIBUTES: Attributes = MappingProxyType({})


@attrs.frozen
class Chunk:
    """Whole lines read from one input.

    ``data`` ends with a newline, except at the end of a finite stream. It may contain empty lines. ``stream`` names the
    byte stream within the input, so that a decoder can keep its state, such as a CSV header; a file keeps its stream name
    while it is read. ``starts_stream`` is true for the first chunk of a stream. ``errors`` counts, by reason, the lines
    before or inside the chunk that the source had to skip (``line_too_long``, ``invalid_gzip``). ``format`` overrides the
    format of the input, for example with that of a request body.

    ``head`` is the first non-empty line of the stream if no chunk contains it, so that no later line is taken for a
    header. It is the line itself if reading began after it, and empty if the line was too long. It is set once, in the
    chunk with the first lines after it; otherwise it is ``None``.

    ``rows`` is the number of records if the data is no lines, but part of a file that only its format can read.

    ``attributes`` are what the transport says of all records of the chunk: the ``media_type`` of a request, those of its
    headers that the decoder of its format reads (in lower case), a partition or an offset. They are never exported.
    """

    input: str
    stream: str
    data: bytes
    starts_stream: bool = False
    errors: Mapping[str, int] = attrs.field(factory=dict)
    format: str | None = None
    head: bytes | None = None
    attributes: Attributes = NO_ATTRIBUTES
    rows: int | None = None
