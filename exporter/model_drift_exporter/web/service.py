"""The seam between HTTP and the rest of the exporter: what the web applications ask of it, and their options."""

from __future__ import annotations

from typing import Protocol

import attrs

from ..metrics.samples import Samples
from ..service.status import ExporterStatus

__all__ = ["Service", "WebOptions"]

MEBIBYTE = 1024 * 1024


class Service(Protocol):
    """What the HTTP surface needs.

    All but ``healthy`` and ``offer`` are called on worker threads, several at once, while records are being read: they
    take locks for moments only. ``reload`` is never called twice at the same time.
    """

    def collect(self) -> list[Samples]:
        """The samples of one scrape."""
        ...

    def status(self) -> ExporterStatus:
        """What the landing page shows."""
        ...

    def healthy(self) -> str | None:
        """``None`` while records can be read, else what has failed, for people.

        Called on the event loop: never blocks.
        """
        ...

    def ready(self) -> str | None:
        """``None`` when ready, else the reason why not, for people."""
        ...

    def reload(self) -> str | None:
        """Reads the configuration again; ``None`` when it is in force, else the problem, and the old one stays."""
        ...

    def rearm(self, model: str | None) -> dict[str, list[str]] | None:
        """Releases the latched alerts of one model, or of all; which by model, ``None`` if there is no such model."""
        ...

    def offer(self, body: bytes, content_type: str, content_encoding: str) -> bool:
        """Takes one unparsed request body; ``False`` when the queue has no room for it.

        Called on the event loop: never blocks. ``content_type`` is a media type in lower case without parameters;
        ``content_encoding`` is ``gzip`` (the body is still compressed) or ``identity``.
        """
        ...


def _check_path(_: object, attribute: attrs.Attribute[str], value: str) -> None:
    if not value.startswith("/"):
        raise ValueError(f"{attribute.name} must begin with a slash, not {value!r}")


@attrs.frozen
class WebOptions:
    """How the web applications behave.

    ``max_requests`` limits scrapes served at once (0: no limit); ``max_body_bytes`` one ingest request, as sent and as its gzip
    trailer says it expands to; ``max_pending_bytes`` all ingest requests that are being received together, so that many clients
    cannot fill the memory; ``body_timeout`` is in seconds. ``serve_ingest`` is off where ``/ingest`` has an address of
    its own.
    """

    telemetry_path: str = attrs.field(default="/metrics", validator=_check_path)
    max_requests: int = 40
    enable_lifecycle: bool = False
    serve_ingest: bool = True
    max_body_bytes: int = 8 * MEBIBYTE
    max_pending_bytes: int = 16 * MEBIBYTE
    body_timeout: float = 30.0
