"""Why records are rejected, whatever their format, and what to do about each reason.

A format adds its own reasons in its :class:`FormatSpec`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

__all__ = ["COMMON_REASONS"]

COMMON_REASONS: Mapping[str, str] = MappingProxyType(
    {
        "no_features": "a record needs features, a line without them a label",
        "no_label": "a record of an input of labels needs a label",
        "line_too_long": "raise limits.line_bytes if such lines are records",
        "invalid_utf8": "write the log as UTF-8",
        "invalid_gzip": "the archive is damaged or not complete; write it again",
        "cut_off": "the last record of the file is not whole: write it again, or read it while its writer runs",
        "body_too_large": "send it in several requests, or raise ingest.max_body_bytes",
    }
)
"""What to do, by reason. ``invalid_gzip`` and ``body_too_large`` reject the rest of a stream, which counts as one record.

A bad *value* never rejects a record. ``no_label`` occurs only in inputs that hold labels.
"""
