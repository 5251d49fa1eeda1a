"""Records pushed over HTTP: request bodies wait in a bounded queue until the reading thread turns them into lines."""

from __future__ import annotations

import json
import threading
import zlib
from collections import deque

import attrs
import msgspec

from ..records.chunk import Chunk
from .compression import GZIP_MAGIC, GzipDecompressor
from .files.tail import LINE_BYTES
from .lines import BYTE_ORDER_MARK, LongLines
from .source import SourceStatus

__all__ = ["IngestSource"]

_PIECE_BYTES = 256 << 10  # text given on at a time, so that one large body is no large batch
_WHITE_SPACE = b" \t\r\n"
_ELEMENTS = msgspec.json.Decoder(list[msgspec.Raw])
_VALUE = msgspec.json.Decoder(msgspec.Raw)


@attrs.frozen
class _Request:
    body: bytes
    is_csv: bool
    is_gzip: bool


class IngestSource:
    """Takes request bodies from any thread (``offer``) and yields their lines on the reading thread (``poll``).

    A body is newline-delimited JSON, a JSON array, one JSON object (also over several lines), or CSV with its header if
    its content type is ``text/csv``; gzip is recognised by ``content_encoding`` or by itself. A body that is no JSON is
    passed on line by line, so that the decoder counts each line. A body that cannot be decompressed counts as one
    ``invalid_gzip``. Of one that expands beyond ``max_body_bytes`` the whole lines up to there are passed on, and the rest
    counts as one ``body_too_large``; one that is a single array or object is such a rest altogether. A large body comes
    in several chunks.
    """

    patient = False

    def __init__(
        self,
        input: str = "ingest",
        format: str = "auto",
        *,
        queue_bytes: int = 16 << 20,
        queue_requests: int = 1024,
        max_body_bytes: int = 8 << 20,
        line_bytes: int = LINE_BYTES,
    ) -> None:
        self.input = input
        self.format = format
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
        self._csv_requests = 0
        self._rest: Chunk | None = None

    @property
    def finished(self) -> bool:
        """Whether the source is closed and its queue empty."""
        return self._closed and not self._queue and self._rest is None

    def offer(self, body: bytes, content_type: str = "", content_encoding: str = "") -> bool:
        """Queue a body without looking into it; ``False`` if the queue is full or closed (counted as dropped)."""
        request = _Request(
            body,
            is_csv=content_type.partition(";")[0].strip().lower() == "text/csv",
            is_gzip="gzip" in content_encoding.lower() or body.startswith(GZIP_MAGIC),
        )
        with self._lock:
            full = len(self._queue) >= self._queue_requests or self._waiting_bytes + len(body) > self._queue_bytes
            if full or self._closed:
                self._dropped += 1
                return False
            self._queue.append(request)
            self._waiting_bytes += len(body)
        return True

    def poll(self, now: float, *, draining: bool = False) -> Chunk | None:
        """Return lines of the next requests that have any: JSON of several comes together, up to a piece."""
        del draining  # every request is whole: there is never an unfinished line to wait for
        chunk = self._rest or self._next(now)
        self._rest = None
        if chunk is None:
            return None
        lines = [chunk.data]
        size = len(chunk.data)
        while _can_be_joined(chunk) and size < _PIECE_BYTES and (following := self._next(now)) is not None:
            if not _can_be_joined(following):
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
                self._waiting_bytes -= len(request.body)
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

    def checkpoint(self) -> None:
        """Nothing: what was read cannot be read again."""

    def resume(self, state: object) -> None:
        """Nothing to go on from."""

    def close(self) -> None:
        """Take no more requests; what is queued can still be polled."""
        with self._lock:
            self._closed = True

    def _chunk(self, request: _Request) -> Chunk | None:
        text, errors = request.body, dict[str, int]()
        if request.is_gzip:
            try:
                text, is_whole = _decompress(text, self._max_text_bytes)
            except (zlib.error, ValueError):
                return Chunk(self.input, self.input, b"", errors={"invalid_gzip": 1})
            if not is_whole:
                errors["body_too_large"] = 1
                text = _whole_lines(text)
        text = text.removeprefix(BYTE_ORDER_MARK).strip(_WHITE_SPACE)
        lines = _csv_lines(text) if request.is_csv else _json_lines(text)
        long = LongLines(self._line_bytes)
        lines = long.take_out(lines) if lines else lines
        errors |= long.take_errors()
        if not lines and not errors:
            return None
        if not request.is_csv:
            return Chunk(self.input, self.input, lines, errors=errors)
        # Each CSV body has a header of its own, so it is a stream; as many names as can wait at once keep them apart.
        self._csv_requests = (self._csv_requests + 1) % self._queue_requests
        return Chunk(
            self.input, f"{self.input}#{self._csv_requests}", lines, True, errors, "csv", head=long.take_head()
        )


def _can_be_joined(chunk: Chunk) -> bool:
    """Whether lines of other requests can stand behind these: without a header, and without lines that were skipped."""
    return chunk.format is None and not chunk.errors and chunk.head is None


def _csv_lines(text: bytes) -> bytes:
    return text + b"\n" if text else b""


def _json_lines(text: bytes) -> bytes:
    """One line for each element of an array, one for a single object, otherwise the lines as they are."""
    if not text:
        return b""
    try:
        if text.startswith(b"["):
            elements = [bytes(element) for element in _ELEMENTS.decode(text)]
            if b"\n" in text or b"\r" in text:
                elements = [_on_one_line(element) for element in elements]
            return b"\n".join(elements) + b"\n" if elements else b""
        if text.startswith(b"{") and b"\n" in text:
            return _on_one_line(bytes(_VALUE.decode(text))) + b"\n"
    except (msgspec.DecodeError, RecursionError):
        values = _values_with_nan(text)
        if values is not None:
            return b"".join(_on_one_line(value) + b"\n" for value in values)
    return text + b"\n"  # several lines, or no JSON at all: the decoder of the lines will tell


def _values_with_nan(text: bytes) -> list[bytes] | None:
    """The elements of an array, or one object, if Python's ``NaN`` and ``Infinity`` are all that is not JSON in it."""
    if b"NaN" not in text and b"Infinity" not in text:
        return None
    try:
        value = json.loads(text)
        if not isinstance(value, list):
            return [text]
        return [json.dumps(element).encode() for element in value]
    except (ValueError, RecursionError):
        return None


def _on_one_line(value: bytes) -> bytes:
    # In JSON a newline is legal only as white space; within a string it is written \n.
    return value.replace(b"\r", b" ").replace(b"\n", b" ")


def _whole_lines(text: bytes) -> bytes:
    """The records on lines of their own in the beginning of a body; none if all of it is one array or object."""
    text = text.removeprefix(BYTE_ORDER_MARK).lstrip(_WHITE_SPACE)
    lines = text[: text.rfind(b"\n") + 1]
    if lines.startswith((b"[", b"{")):
        try:
            json.loads(lines.partition(b"\n")[0])
        except (ValueError, RecursionError):
            return b""
    return lines


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
