"""The seam between bytes and batches: a format makes one decoder for each byte stream."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from ..records.batches import Decoded
from .schema import Schema

__all__ = ["Decoder", "Format", "HeadedDecoder"]


class Decoder(Protocol):
    """Turns whole lines of one stream into batches; keeps what belongs to the stream, such as a header."""

    def decode(self, data: bytes) -> Decoded:
        """Decode lines; never raises for bad data, which is counted in ``Decoded.errors``."""
        ...


@runtime_checkable
class HeadedDecoder(Decoder, Protocol):
    """A decoder that needs the first line of its stream, and so must be told where no chunk holds it."""

    def begin(self, head: bytes) -> None:
        """Take the first non-empty line of the stream from here; nothing stands for a line that nobody could read."""
        ...


class Format(Protocol):
    """Makes decoders. ``schema`` is shared by all streams of an input and grows as fields are seen.

    ``per_stream``: each stream needs a decoder of its own, a ``HeadedDecoder``.
    """

    @property
    def per_stream(self) -> bool: ...

    def __call__(self, schema: Schema) -> Decoder: ...
