"""Formats by name. A new one is a module with a decoder and a line here."""

from __future__ import annotations

from .base import Decoder, Format
from .csv import CsvDecoder
from .jsonl import JsonLinesDecoder
from .layout import FIELD_CANDIDATES, Schema

__all__ = ["FIELD_CANDIDATES", "FORMATS", "Decoder", "Format", "Schema", "format_of"]

FORMATS: dict[str, Format] = {
    "jsonl": JsonLinesDecoder,
    "csv": CsvDecoder,
}


def format_of(stream: str) -> str:
    """The format that a file's name speaks for: ``csv`` for ``.csv`` (also compressed), otherwise ``jsonl``."""
    name = stream.lower().removesuffix(".gz")
    return "csv" if name.endswith(".csv") else "jsonl"
