"""Records pushed over HTTP: request bodies wait in a bounded queue until the reading thread turns them into lines."""

from __future__ import annotations

import threading
import zlib
from collections import deque
from collections.abc import Callable
from typing import Protocol

import attrs

from ..records.chunk import NO_ATTRIBUTES, Attributes, Chunk
from ..records.long_lines import BYTE_ORDER_MARK, LongLines
from .compression import GZIP_MAGIC, GzipDecompressor
from .files.tail import LINE_BYTES
from .source import Source, SourceStatus

__all__ = ["BodyFormat", "IngestSource"]

_PIECE_BYTES = 256 << 10  # text given on at a time, so that one large body is no large batch
_WHITE_SPACE = b" \t\r\n"
_LONGEST_ATTRIBUTE = 1_024


class BodyFormat(Protocol):
    """What has to be known of the format of a body; a ``FormatSpec`` knows it."""

    @property
    def name(self) -> str: ...

    @property
    def per_stream(self) -> bool: ...

    @property
    def attributes(self) -> tuple[str, ...]:
        """The headers that its decoder reads, in lower case."""
        ...

    @property
    def body(self) -> Callable[[bytes, bool], bytes]:
        """Makes whole lines of a body; its second argument is false if the body is cut off."""
        ...


@attrs.frozen
class _Request:
    body: bytes
    format: BodyFormat
    attributes: Attributes
    is_gzip: bool
    size: int


class IngestSource(Source):
    """Takes request bodies from any thread (``offer``) and yields their lines on the reading thread (``poll``).

    ``format_of`` gives the format of a media type, which makes lines of a body; gzip is recognised by
    ``content_encoding`` or by itself. A body that cannot be decompressed counts as one ``invalid_gzip``. Of one that
    expands beyond ``max_body_bytes`` the whole lines up to there are passed on, and the rest counts as one
    ``body_too_large``; one that is a single array or object is such a rest altogether. A large body comes in several
    chunks. A chunk has the ``media_type`` of its request, and those of its headers that the decoder of the format reads.
    Requests that differ in none of these come together in one chunk.
    """

    def __init__(
        self,
        format_of: Callable[[str], BodyFormat],
        input: str = "ingest",
        *,
        queue_bytes: int = 16 << 20,
        queue_requests: int = 1024,
        max_body_bytes: int = 8 << 20,
        line_bytes: int = LINE_BYTES,
    ) -> None:
        self.input = input
        self._format_of = format_of
        self._queue_bytes = queue_bytes
        self._queue_requests = queue_requests
        self._max_text_bytes = max_body_bytes
        self._line_bytes = line_bytes
        self._lock = threading.Lock()
        self._queue: deque[_Request] = deque()
        self._waiting_bytes = 0
        self._dropped = 0
        self._closed = False
        self._bytes_read = 0
        self._caught_up: float | None = None
        self._streams = 0
        self._rest: Chunk | None = None

    @property
    def finished(self) -> bool:
        """Whether the source is closed and its queue empty."""
        return self._closed and not self._queue and self._rest is None

    def offer(
        self, body: bytes, content_type: str = "", content_encoding: str = "", headers: Attributes = NO_ATTRIBUTES
    ) -> bool:
        """Queue a body without looking into it; ``False`` if the queue is full or closed (counted as dropped).

        ``headers`` has names in lower case. Those that the format does not read are not kept, nor are those longer than
        1,024 characters.
        """
        media_type = content_type.partition(";")[0].strip().lower()
        spec = self._format_of(media_type)
        kept = {name: headers[name] for name in spec.attributes if name in headers}
        kept = {name: value for name, value in kept.items() if len(value) <= _LONGEST_ATTRIBUTE}
        request = _Request(
            body,
            spec,
            {**kept, "media_type": media_type},
            is_gzip="gzip" in content_encoding.lower() or body.startswith(GZIP_MAGIC),
            size=len(body) + sum(len(name) + len(value) for name, value in kept.items()),
        )
        with self._lock:
            full = len(self._queue) >= self._queue_requests or self._waiting_bytes + request.size > self._queue_bytes
            if full or self._closed:
                self._dropped += 1
                return False
            self._queue.append(request)
            self._waiting_bytes += request.size
        return True

    def poll(self, now: float, *, draining: bool = False) -> Chunk | None:
        """Return lines of the next requests that have any: those of several alike come together, up to a piece."""
        del draining  # every request is whole: there is never an unfinished line to wait for
        chunk = self._rest or self._next(now)
        self._rest = None
        if chunk is None:
            return None
        lines = [chunk.data]
        size = len(chunk.data)
        while size < _PIECE_BYTES and (following := self._next(now)) is not None:
            if not _can_be_joined(chunk, following):
                self._rest = following
                break
            lines.append(following.data)
            size += len(following.data)
        if len(lines) > 1:
            chunk = attrs.evolve(chunk, data=b"".join(lines))
        return self._first_piece(chunk)

    def _next(self, now: float) -> Chunk | None:
        """The lines of the next request that has any."""
        while True:
            with self._lock:
                if not self._queue:
                    self._caught_up = now
                    return None
                request = self._queue.popleft()
                self._waiting_bytes -= request.size
            if self._caught_up is None:
                self._caught_up = now
            self._bytes_read += len(request.body)
            chunk = self._chunk(request)
            if chunk is not None:
                return chunk

    def _first_piece(self, chunk: Chunk) -> Chunk:
        """As many whole lines as are given on at a time; the others stay for the next poll."""
        end = chunk.data.rfind(b"\n", 0, _PIECE_BYTES) + 1 or chunk.data.find(b"\n") + 1
        if len(chunk.data) <= _PIECE_BYTES or end in (0, len(chunk.data)):
            return chunk
        self._rest = attrs.evolve(chunk, data=chunk.data[end:], starts_stream=False, errors={})
        return attrs.evolve(chunk, data=chunk.data[:end])

    def status(self, now: float) -> SourceStatus:
        """Counters and queue; ``dropped`` counts requests."""
        with self._lock:
            waiting, dropped = self._waiting_bytes, self._dropped
        return SourceStatus(
            input=self.input,
            bytes_read=self._bytes_read,
            lag_bytes=waiting,
            lag_seconds=max(0.0, now - self._caught_up) if waiting and self._caught_up is not None else 0.0,
            dropped=dropped,
            queue_bytes=waiting,
        )

    def close(self) -> None:
        """Take no more requests; what is queued can still be polled."""
        with self._lock:
            self._closed = True

    def _chunk(self, request: _Request) -> Chunk | None:
        text, errors, whole = request.body, dict[str, int](), True
        if request.is_gzip:
            try:
                text, whole = _decompress(text, self._max_text_bytes)
            except (zlib.error, ValueError):
                return Chunk(self.input, self.input, b"", errors={"invalid_gzip": 1}, attributes=request.attributes)
            if not whole:
                errors["body_too_large"] = 1
        text = text.removeprefix(BYTE_ORDER_MARK).lstrip(_WHITE_SPACE)
        spec = request.format
        lines = spec.body(text.rstrip(_WHITE_SPACE) if whole else text, whole)
        long = LongLines(self._line_bytes)
        lines = long.take_out(lines) if lines else lines
        errors |= long.take_errors()
        if not lines and not errors:
            return None
        chunk = Chunk(self.input, self.input, lines, errors=errors, format=spec.name, attributes=request.attributes)
        if not spec.per_stream:
            return chunk
        # Each such body has a header of its own, so it is a stream; as many names as can wait at once keep them apart.
        self._streams = (self._streams + 1) % self._queue_requests
        return attrs.evolve(chunk, stream=f"{self.input}#{self._streams}", starts_stream=True, head=long.take_head())


def _can_be_joined(first: Chunk, second: Chunk) -> bool:
    """Whether lines of another request can stand behind these.

    Both are alike, no stream of their own as those with a header are, and no line of them was skipped.
    """
    one, other = ((each.stream, each.format, each.attributes) for each in (first, second))
    return one == other and not any(each.starts_stream or each.errors for each in (first, second))


def _decompress(body: bytes, max_bytes: int) -> tuple[bytes, bool]:
    """At most ``max_bytes`` of a body, and whether they are all of it.

    Raises ``zlib.error`` if it is damaged up to there, ``ValueError`` if it is cut off.
    """
    decompressor = GzipDecompressor()
    pieces: list[bytes] = []
    size = 0
    piece = decompressor.decompress(body, _PIECE_BYTES)
    while piece:
        size += len(piece)
        pieces.append(piece)
        if size > max_bytes:
            return b"".join(pieces)[:max_bytes], False
        piece = decompressor.decompress(b"", _PIECE_BYTES)
    if not decompressor.complete:
        raise ValueError("the compressed body ends too early")
    return b"".join(pieces), True
