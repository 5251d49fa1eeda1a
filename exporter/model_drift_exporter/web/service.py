"""The seam between HTTP and the rest of the exporter: what the web applications ask of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from ..metrics.samples import Samples
from ..service.status import ExporterStatus

__all__ = ["Service"]


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

    def offer(self, body: bytes, content_type: str, content_encoding: str, headers: Mapping[str, str]) -> bool:
        """Takes one unparsed request body; ``False`` when the queue has no room for it.

        Called on the event loop: never blocks. ``content_type`` is a media type in lower case without parameters;
        ``content_encoding`` is ``gzip`` (the body is still compressed) or ``identity``. Of the ``headers``, whose
        names are in lower case, only those are kept that the format reads.
        """
        ...
