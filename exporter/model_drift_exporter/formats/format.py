"""The interface between bytes and batches: what is known of a format, and the decoders that it makes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Protocol, runtime_checkable

import attrs

from ..records.batches import Decoded
from ..records.chunk import NO_ATTRIBUTES, Attributes
from ..records.framing import NEWLINE, Framing
from .schema import Schema

__all__ = ["Decoder", "FormatSpec", "HeadedDecoder", "Row", "catalogue_of"]

_CREDENTIALS = frozenset({"authorization", "proxy-authorization", "cookie"})
Row = Mapping[str, object] | None
"""A record as it was written: raw values by name; ``None`` if the line cannot be read."""


class Decoder(Protocol):
    """Turns whole records into batches. It keeps the state of its stream, such as a CSV header."""

    def decode(self, data: bytes, attributes: Attributes = NO_ATTRIBUTES) -> Decoded:
        """Decode the data of a chunk; ``attributes`` are those of the chunk.

        Bad data never raises an error; it is counted in ``Decoded.errors``.
        """
        ...


@runtime_checkable
class HeadedDecoder(Decoder, Protocol):
    """A decoder that needs the first line of its stream. ``begin`` passes that line if no chunk holds it."""

    def begin(self, head: bytes) -> None:
        """Take the first non-empty line of the stream; an empty ``head`` means that the line could not be read."""
        ...


def _never(_first_line: bytes) -> bool:
    return False


def _nothing(_first_line: bytes) -> None:
    return None


def _resembles(spec: FormatSpec) -> Callable[[bytes], bool]:
    return spec.looks_like


def _unchanged(data: bytes) -> bytes:
    return data


def _as_lines(body: bytes, whole: bool) -> bytes:
    lines = (body if whole else body[: body.rfind(b"\n") + 1]).rstrip()
    return lines + b"\n" if lines else b""


@attrs.frozen
class FormatSpec:
    """All that is known of a format. A format is a module with its spec and a line in ``FORMATS``.

    ``name`` is the value of the setting ``format``. ``title`` stands in sentences.

    A stream is of the format if its name ends in one of ``endings`` (such as ``.csv``). A request is of the format if it
    has one of the ``media_types``. ``framing`` is that of the streams, if no setting names another one.

    ``make`` makes a decoder. All streams of an input share one schema, which grows as fields are seen. If ``per_stream``
    is true, each stream has a decoder of its own, a ``HeadedDecoder``; otherwise all streams of an input share one.
    ``attributes`` names the headers of a request that the decoder reads, in lower case. A chunk carries these and no
    others, and requests that differ in one of them are decoded apart.

    ``errors`` has the reasons for which only this format rejects records, each with what to do about it.

    ``rows`` reads the records in the data of a chunk generically, one for each that a decoder counts. Its second argument
    is the first non-empty line of the stream. ``lines`` writes data that is no text as lines for people; the decoder takes
    these lines, too. ``body`` makes whole lines of the body of a request. Its second argument is false if the body is cut
    off.
    """

    name: str
    title: str
    make: Callable[[Schema], Decoder]
    endings: tuple[str, ...]
    rows: Callable[[bytes, bytes], Iterator[Row]]
    media_types: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()
    framing: Framing = NEWLINE
    per_stream: bool = False
    takes_any_text: bool = False
    """Whether records are made of any text, so that a stream of another format is no stream of errors."""
    errors: Mapping[str, str] = MappingProxyType({})
    looks_like: Callable[[bytes], bool] = _never
    """Whether the first non-empty line of a stream shows that the stream is of this format."""
    resembles: Callable[[bytes], bool] = attrs.field(default=attrs.Factory(_resembles, takes_self=True))
    """Whether a stream that is read as another format may be of this one, by its first line: for advice only."""
    mistaken: Callable[[bytes], tuple[str, str] | None] = _nothing
    """What a first line shows that people take for this format, and what to do about it; ``None`` if nothing."""
    body: Callable[[bytes, bool], bytes] = _as_lines
    lines: Callable[[bytes], bytes] = _unchanged

    @property
    def advice(self) -> str:
        """What to do where a stream of this format is read as another one."""
        return f"set format: {self.name} for this input, or give the file a name that ends in {self.endings[0]}"


def catalogue_of(specs: Iterable[FormatSpec]) -> Mapping[str, FormatSpec]:
    """Specs by name.

    Raises ``ValueError`` if two have the same name, ending or media type, or if one reads a header that holds credentials.
    """
    found: dict[str, FormatSpec] = {}
    taken: dict[str, str] = {}
    for spec in specs:
        for word in (spec.name, *spec.endings, *spec.media_types):
            if word in taken:
                raise ValueError(f"the formats {taken[word]} and {spec.name} both have {word}")
            taken[word] = spec.name
        if odd := [name for name in spec.attributes if name in _CREDENTIALS or name != name.lower()]:
            raise ValueError(f"the format {spec.name} cannot read attributes of these names: {', '.join(odd)}")
        found[spec.name] = spec
    return MappingProxyType(found)
