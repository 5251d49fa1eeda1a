"""Standard input as a source."""

from __future__ import annotations

import logging
import os
import select
import sys
import zlib
from functools import partial
from io import UnsupportedOperation
from typing import BinaryIO

from ..records.chunk import Chunk
from ..records.framing import NEWLINE, Framing, FramingBy
from .assembler import Assembler
from .compression import Pieces, is_only_unproven
from .files.tail import LINE_BYTES, READ_BYTES, READS_PER_POLL
from .source import Opening, Source, SourceSpec, SourceStatus

__all__ = ["STANDARD_INPUT", "StdinSource"]

logger = logging.getLogger(__name__)


class StdinSource(Source):
    """Reads a binary stream, standard input by default, until it is closed. The writer waits if reading is slow.

    A stream with a file descriptor is polled first, and then read without the stream's own buffer. A stream without one,
    such as ``io.BytesIO``, is read directly. ``close`` leaves the stream itself open. A stream that begins like gzip is
    decompressed. If it is damaged, reading ends there; a line that breaks off counts as one ``invalid_gzip``.
    """

    finished = False

    def __init__(
        self,
        input: str = "stdin",
        format: str = "auto",
        *,
        stream: BinaryIO | None = None,
        framing: Framing | FramingBy = NEWLINE,
        line_bytes: int = LINE_BYTES,
        read_bytes: int = READ_BYTES,
    ) -> None:
        self.input = input
        self.format = format
        self.finished = False
        self._read_bytes = read_bytes
        self._records = Assembler(line_bytes, framing)
        self._starts_stream = True
        self._bytes_read = 0
        self._caught_up: float | None = None
        self._behind = False
        self._problem = ""
        self._pieces = Pieces(self._read, read_bytes)
        self._damaged = False
        self._descriptor: int | None = None
        # Python sets sys.stdin to None when the process was started without one.
        self._stream = stream if stream is not None else getattr(sys.stdin, "buffer", None)
        if self._stream is None:
            self._fail("standard input is closed")
            return
        try:
            self._descriptor = self._stream.fileno()
        except UnsupportedOperation:
            self._descriptor = None

    def poll(self, now: float, *, draining: bool = False) -> Chunk | None:
        """Return the next whole lines. A read error ends the stream and appears in the status.

        An unfinished line comes only after the stream is closed, even when ``draining``. Writers fill a pipe in blocks,
        not in lines, so an unfinished line of an open pipe would be half a record.
        """
        del draining
        lines = b""
        errors: dict[str, int] = {}
        for _ in range(READS_PER_POLL):
            piece = None if lines or errors or self.finished else self._next_piece()
            if piece is None:
                break
            lines = self._records.feed(piece)
            if self._records.problem and not self._problem:
                self._fail(f"standard input: {self._records.problem}")
            if not piece:
                self.finished = True
                lines = self._finish()
            errors = self._records.take_errors()
            if self._damaged:
                errors["invalid_gzip"] = 1
        self._behind = bool(lines or errors) and not self.finished
        if not self._behind or self._caught_up is None:
            self._caught_up = now
        if not lines and not errors:
            return None
        starts_stream = self._starts_stream and bool(lines)
        self._starts_stream = self._starts_stream and not lines
        head = self._records.take_head() if lines else None
        return Chunk(self.input, self.input, lines, starts_stream, errors, head=head)

    def status(self, now: float) -> SourceStatus:
        """Counters. The number of bytes in the pipe is unknown, so ``lag_bytes`` is 0."""
        return SourceStatus(
            input=self.input,
            up=not self._problem,
            problem=self._problem,
            bytes_read=self._bytes_read,
            lag_seconds=max(0.0, now - self._caught_up) if self._behind and self._caught_up is not None else 0.0,
            open_errors=int(bool(self._problem)),
        )

    def close(self) -> None:
        """Stop reading."""
        self.finished = True

    def _next_piece(self) -> bytes | None:
        try:
            return self._pieces.read()
        except (zlib.error, EOFError) as error:
            if not self._problem:
                self._fail(f"standard input is no whole gzip stream ({error}): read up to the damage only")
            self._damaged = self._records.breaks_off or not is_only_unproven(error)
            return b""

    def _finish(self) -> bytes:
        """Return the unfinished last line, unless damage cut it off."""
        line = self._records.finish()
        return b"" if self._damaged else line

    def _read(self) -> bytes | None:
        """Return new bytes, empty bytes at the end of the stream, or ``None`` if reading would block."""
        piece: bytes | None = None
        try:
            if self._descriptor is None:
                piece = self._stream.read(self._read_bytes) if self._stream is not None else b""
            elif select.select([self._descriptor], [], [], 0)[0]:
                piece = os.read(self._descriptor, self._read_bytes)
        except BlockingIOError:
            return None
        except OSError as error:
            self._fail(f"cannot read standard input: {(error.strerror or str(error)).lower()}")
            return b""
        self._bytes_read += len(piece or b"")
        return piece

    def _fail(self, problem: str) -> None:
        self._problem = problem
        self.finished = True
        logger.error("input %s: %s", self.input, problem)


def _open(opening: Opening) -> Source:
    framing = partial(opening.framing, opening.input)
    return StdinSource(opening.input, opening.format, framing=framing, line_bytes=opening.line_bytes)


STANDARD_INPUT = SourceSpec("stdin", _open)
