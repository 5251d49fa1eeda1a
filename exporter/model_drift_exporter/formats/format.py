"""The interface between bytes and batches: a format makes decoders, and a decoder turns lines into batches."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from ..records.batches import Decoded
from .schema import Schema

__all__ = ["Decoder", "Format", "HeadedDecoder"]


class Decoder(Protocol):
    """Turns whole lines into batches. It keeps the state of its stream, such as a CSV header."""

    def decode(self, data: bytes) -> Decoded:
        """Decode lines. Bad data never raises an error; it is counted in ``Decoded.errors``."""
        ...


@runtime_checkable
class HeadedDecoder(Decoder, Protocol):
    """A decoder that needs the first line of its stream. ``begin`` passes that line if no chunk holds it."""

    def begin(self, head: bytes) -> None:
        """Take the first non-empty line of the stream; an empty ``head`` means that the line could not be read."""
        ...


class Format(Protocol):
    """Makes decoders. All streams of an input share one ``schema``, which grows as fields are seen.

    If ``per_stream`` is true, each stream needs its own decoder, a ``HeadedDecoder``.
    """

    @property
    def per_stream(self) -> bool: ...

    def __call__(self, schema: Schema) -> Decoder: ...
