"""The records of a request body in JSON: lines, an array, or one object over several lines."""

from __future__ import annotations

import json

import msgspec

__all__ = ["lines_of_body"]

_WHITE_SPACE = b" \t\r\n"
_ELEMENTS = msgspec.json.Decoder(list[msgspec.Raw])
_VALUE = msgspec.json.Decoder(msgspec.Raw)


def lines_of_body(body: bytes, whole: bool) -> bytes:
    """One line for each element of an array, one for a single object, otherwise the lines as they are.

    With ``whole`` false the body is cut off: only the records on lines of their own come, none of one array or object.
    """
    return _lines(body if whole else _whole_lines(body).strip(_WHITE_SPACE))


def _lines(text: bytes) -> bytes:
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
    lines = text[: text.rfind(b"\n") + 1]
    if lines.startswith((b"[", b"{")):
        try:
            json.loads(lines.partition(b"\n")[0])
        except (ValueError, RecursionError):
            return b""
    return lines
