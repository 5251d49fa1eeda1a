"""Formats by name. A new one is a module with a decoder and a line here."""

from __future__ import annotations

from .csv import CsvDecoder
from .format import Decoder, Format, HeadedDecoder
from .json_lines.decoder import JsonLinesDecoder
from .schema import FIELD_CANDIDATES, Schema

__all__ = ["FIELD_CANDIDATES", "FORMATS", "Decoder", "Format", "HeadedDecoder", "Schema"]

FORMATS: dict[str, Format] = {
    "jsonl": JsonLinesDecoder,
    "csv": CsvDecoder,
}
