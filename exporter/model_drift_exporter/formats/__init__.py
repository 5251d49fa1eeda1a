"""Formats by name. A new one is a module with its ``FormatSpec`` and a line in ``FORMATS``."""

from __future__ import annotations

from collections.abc import Mapping

from ..records.framing import FRAMINGS, FramingOf
from ..records.reasons import COMMON_REASONS
from .csv import CSV
from .format import Decoder, FormatSpec, HeadedDecoder, catalogue_of
from .json_lines.decoder import JSON_LINES
from .parquet import PARQUET
from .schema import FIELD_CANDIDATES, Schema

__all__ = [
    "FIELD_CANDIDATES",
    "FORMATS",
    "REASONS",
    "Decoder",
    "FormatSpec",
    "HeadedDecoder",
    "Schema",
    "format_of",
    "format_of_body",
    "framing_of",
]

FORMATS: Mapping[str, FormatSpec] = catalogue_of(
    (
        JSON_LINES,  # the first one is assumed where nothing tells
        CSV,
        PARQUET,
    )
)

REASONS: Mapping[str, str] = {
    reason: advice
    for errors in (*(spec.errors for spec in FORMATS.values()), COMMON_REASONS)
    for reason, advice in errors.items()
}
"""What to do about rejected records, by the reason."""


def format_of(stream: str, first_line: bytes) -> str:
    """The format of a stream: what its name says (also with ``.gz``), else what its first non-empty line looks like."""
    name = stream.lower().removesuffix(".gz")
    for spec in FORMATS.values():
        if name.endswith(spec.endings):
            return spec.name
    return next((spec.name for spec in FORMATS.values() if spec.looks_like(first_line)), next(iter(FORMATS)))


def format_of_body(media_type: str) -> FormatSpec:
    """The format of a request by its media type, in lower case and without parameters; the first format if none has it."""
    default = next(iter(FORMATS.values()))
    return next((spec for spec in FORMATS.values() if media_type in spec.media_types), default)


def framing_of(format: str, framing: str) -> FramingOf:
    """How records follow one another in the streams of an input with these settings."""
    if framing != "auto":
        chosen = FRAMINGS[framing]
        return lambda _stream, _beginning: chosen
    return lambda stream, beginning: FORMATS[format_of(stream, beginning) if format == "auto" else format].framing
