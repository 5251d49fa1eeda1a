"""``POST /ingest``: takes a request body whole, hands it to the queue, and answers before anything is parsed.

Whoever sends records may do so from within a prediction, so the answer must never wait for our own work.
"""

from __future__ import annotations

import asyncio
import logging

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from ..configuration.settings import IngestSettings
from ..formats import FORMATS
from ..sources.compression import GZIP_MAGIC
from .service import Service

__all__ = ["CONTENT_TYPES", "IngestEndpoint"]

logger = logging.getLogger(__name__)

CONTENT_TYPES = tuple(media_type for spec in FORMATS.values() for media_type in spec.media_types)
"""What a body may be, by the formats."""

_CONTENT_ENCODINGS = {"": "identity", "identity": "identity", "gzip": "gzip", "x-gzip": "gzip"}
_RETRY_SECONDS = "1"
_BODY_SECONDS = 30.0
_LEAST_PENDING = 16 * 2**20
"""Bytes that all requests being received may hold together, so that many clients cannot fill the memory; two bodies at least."""
_LARGEST_EXPANSION = 1032  # no DEFLATE stream expands further


class IngestEndpoint:
    """The handler of ``/ingest``; it knows how many bytes all requests together hold at the moment."""

    def __init__(self, service: Service, settings: IngestSettings) -> None:
        self._service = service
        self._settings = settings
        self._most_pending = max(_LEAST_PENDING, 2 * settings.max_body_bytes)
        self._pending_bytes = 0
        self._queued = JSONResponse({"status": "queued"}, status_code=202)  # one for all: nothing in it changes

    async def handle(self, request: Request) -> Response:
        """202 once the body waits in the queue.

        Raises ``HTTPException`` with a sentence where it does not: 408, 413, 415 or 429.
        """
        content_type = _content_type(request)
        content_encoding = _content_encoding(request)
        length = request.headers.get("content-length", "")
        if length.isdecimal() and int(length) > self._settings.max_body_bytes:
            raise self._too_large()
        try:
            body = await self._receive(request)
        except ClientDisconnect:
            logger.debug("a client of /ingest went away in mid-request; nothing of the request is taken")
            return Response(status_code=400)
        expanded = _announced_bytes(body, content_encoding)
        if expanded > self._settings.max_body_bytes:
            raise self._too_large(f"the body expands to {expanded} bytes, more than")
        if body and not self._service.offer(body, content_type, content_encoding, request.headers):
            raise _busy("the queue is full")
        return self._queued

    async def _receive(self, request: Request) -> bytes:
        received = bytearray()
        try:
            async with asyncio.timeout(_BODY_SECONDS):
                async for chunk in request.stream():
                    if len(received) + len(chunk) > self._settings.max_body_bytes:
                        raise self._too_large()
                    if self._pending_bytes + len(chunk) > self._most_pending:
                        raise _busy("too much is being sent at the same time")
                    received += chunk
                    self._pending_bytes += len(chunk)
        except TimeoutError:
            raise _refusal(408, f"the body did not arrive within {_BODY_SECONDS:g} seconds") from None
        finally:
            self._pending_bytes -= len(received)
        return bytes(received)

    def _too_large(self, what: str = "the body is larger than") -> HTTPException:
        limit = self._settings.max_body_bytes
        return _refusal(413, f"{what} {limit} bytes; send it in several requests, or raise --ingest.max-body-bytes")


def _announced_bytes(body: bytes, content_encoding: str) -> int:
    """What a gzip body says at its end that it expands to (RFC 1952, ISIZE); 0 if it says nothing believable.

    Only the last member of several speaks. The queue's reader counts what really comes.
    """
    if content_encoding != "gzip" and not body.startswith(GZIP_MAGIC):
        return 0
    announced = int.from_bytes(body[-4:], "little")
    return announced if announced <= _LARGEST_EXPANSION * len(body) else 0


def _content_type(request: Request) -> str:
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower() or "application/json"
    if content_type not in CONTENT_TYPES:
        accepted = ", ".join(CONTENT_TYPES[:-1]) + " or " + CONTENT_TYPES[-1]
        raise _refusal(415, f"the content type {content_type!r} is not accepted; send {accepted}")
    return content_type


def _content_encoding(request: Request) -> str:
    asked = request.headers.get("content-encoding", "").strip().lower()
    if asked not in _CONTENT_ENCODINGS:
        sentence = f"the content encoding {asked!r} is not accepted; send gzip or identity"
        raise _refusal(415, sentence, {"Accept-Encoding": "gzip"})
    return _CONTENT_ENCODINGS[asked]


def _busy(reason: str) -> HTTPException:
    return _refusal(429, f"{reason}; send it again later", {"Retry-After": _RETRY_SECONDS})


def _refusal(status: int, sentence: str, headers: dict[str, str] | None = None) -> HTTPException:
    return HTTPException(status, sentence + "\n", headers)
