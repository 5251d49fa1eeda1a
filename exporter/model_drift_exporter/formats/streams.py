"""Which decoder a chunk is for: the format of its stream, and what belongs to the stream, such as a header."""

from __future__ import annotations

from collections import OrderedDict
from typing import TypeVar

import attrs

from ..records.batches import Decoded
from ..records.chunk import Chunk
from . import FORMATS
from .base import Decoder, HeadedDecoder
from .csv import seems_header
from .schema import Schema

__all__ = ["StreamDecoders", "format_of"]

_STREAMS = 10_000
_Stream = tuple[str, str]
_Key = TypeVar("_Key")
_Item = TypeVar("_Item")
_BY_ENDING = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl"}


def format_of(stream: str, first_line: bytes) -> str:
    """The format of a stream: what its name says (also with ``.gz``), else what its first non-empty line looks like.

    That is ``csv`` only for what reads like a CSV header, with two columns at least.
    """
    name = stream.lower().removesuffix(".gz")
    for ending, format_name in _BY_ENDING.items():
        if name.endswith(ending):
            return format_name
    return "csv" if seems_header(first_line) else "jsonl"


class StreamDecoders:
    """The decoders of all streams and the formats found.

    Beyond 10,000 streams those least recently read are forgotten. A stream that is forgotten, or whose format another
    setting changes, goes on without its header.
    """

    def __init__(self) -> None:
        self._formats: OrderedDict[_Stream, str] = OrderedDict()
        self._empty: OrderedDict[_Stream, None] = OrderedDict()
        self._decoders: OrderedDict[tuple[str, str, str], Decoder] = OrderedDict()

    def take_over(self, old: StreamDecoders) -> None:
        """Go on with the formats and headers of others, so that a stream can be read on in its middle."""
        self._formats, self._empty = old._formats, old._empty
        self._decoders = OrderedDict(item for item in old._decoders.items() if FORMATS[item[0][1]].per_stream)

    def decode(self, chunk: Chunk, source_format: str, schema: Schema) -> tuple[Decoded, str]:
        """Decode the lines of a chunk, and say in which format (none while a stream has empty lines only).

        ``schema`` must be the same one for all chunks of an input.
        """
        stream = chunk.input, chunk.stream
        if stream in self._empty and not chunk.starts_stream:
            chunk = attrs.evolve(chunk, starts_stream=True)
        self._empty.pop(stream, None)
        if chunk.starts_stream and chunk.head is None and not chunk.data.strip():
            self._empty[stream] = None
            _keep_recent(self._empty, stream)
            return Decoded(), ""
        name = self._format(chunk, source_format)
        return self._decoder(chunk, name, schema).decode(chunk.data), name

    def decode_again(self, chunk: Chunk, source_format: str, schema: Schema) -> Decoded:
        """Decode a chunk that has just been decoded, because the schema has changed: its stream does not start again."""
        return self.decode(attrs.evolve(chunk, starts_stream=False, head=None), source_format, schema)[0]

    def _format(self, chunk: Chunk, source_format: str) -> str:
        if chunk.format or source_format != "auto":
            return chunk.format or source_format
        stream = chunk.input, chunk.stream
        if stream not in self._formats or chunk.starts_stream:
            # In the middle of a stream nothing can be told from a line: values may look like names.
            known = chunk.starts_stream or chunk.head is not None
            first = (chunk.head or chunk.data).strip().partition(b"\n")[0] if known else b""
            self._formats[stream] = format_of(chunk.stream, first)
        _keep_recent(self._formats, stream)
        return self._formats[stream]

    def _decoder(self, chunk: Chunk, name: str, schema: Schema) -> Decoder:
        make = FORMATS[name]
        # A format with a header needs a decoder for each stream, others share what they have learned about the input.
        key = (chunk.input, name, chunk.stream if make.per_stream else "")
        decoder = self._decoders.get(key)
        known = decoder is not None
        if decoder is None or (make.per_stream and chunk.starts_stream):
            decoder = self._decoders[key] = make(schema)
        if isinstance(decoder, HeadedDecoder):
            if chunk.head is not None:
                decoder.begin(chunk.head)
            elif not known and not chunk.starts_stream:
                decoder.begin(b"")
        _keep_recent(self._decoders, key)
        return decoder


def _keep_recent(items: OrderedDict[_Key, _Item], key: _Key) -> None:
    items.move_to_end(key)
    if len(items) > _STREAMS:
        items.popitem(last=False)
