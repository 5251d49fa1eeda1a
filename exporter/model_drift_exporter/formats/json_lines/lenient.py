"""JSON as people write it: what the fast decoder refuses, decoded one line at a time."""

from __future__ import annotations

import json
import math
import re

__all__ = ["NOT_JSON", "decode_leniently"]

NOT_JSON = object()
"""What :func:`decode_leniently` returns for a line that is no JSON."""

# An escaped backslash, a pair of surrogates, or half of one: text that could not be encoded, in a label for instance.
_SURROGATE = re.compile(
    r"\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<lone>\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
)
_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+"|[\[\]{}]', re.DOTALL)
_HEIGHT = 100  # levels decoded at a time; Python recurses for each
_KEPT_DEPTH = 3
_FLATTENED_CHARACTERS = 64 << 10  # a step in Python for each bracket: longer lines are not worth the time


def decode_leniently(line: bytes) -> object:
    """Decode one line of UTF-8 with the standard library; ``NOT_JSON`` if it cannot.

    It takes NaN and Infinity. Numbers beyond a float become infinite, halves of surrogate pairs U+FFFD,
    values nested too deep for the library (about 1,000 levels) an empty array, in lines of up to 64 KiB.
    """
    try:
        text = line.decode()
        if "\\u" in text:
            text = _SURROGATE.sub(_without_lone_surrogate, text)
        try:
            return _loads(text)
        except RecursionError:
            return _loads(_flattened(text)) if len(text) <= _FLATTENED_CHARACTERS else NOT_JSON
    except (ValueError, RecursionError):
        return NOT_JSON


def _loads(text: str) -> object:
    return json.loads(text, parse_int=_whole_number)


def _flattened(text: str) -> str:
    """The text with empty arrays for values too deep to be decoded; ``ValueError`` if one of these is no JSON.

    Works from the inside to the outside, a limited number of levels at a time, so that nothing recurses. The record
    and what it or its object of features holds directly stay what they are: an array, or an object.
    """
    open_texts: list[list[str]] = [[]]
    heights = [0]
    start = 0
    for found in _TOKEN.finditer(text):
        token = found[0]
        if token in ("[", "{"):
            open_texts[-1].append(text[start : found.start()])
            open_texts.append([])
            heights.append(0)
            start = found.start()
        elif token in ("]", "}"):
            value = "".join(open_texts.pop()) + text[start : found.end()]
            height = heights.pop() + 1
            if not open_texts:
                raise ValueError("a bracket closes that was not opened")
            if height >= _HEIGHT and len(open_texts) > _KEPT_DEPTH:
                _loads(value)
                value, height = "[]", 1
            open_texts[-1].append(value)
            heights[-1] = max(heights[-1], height)
            start = found.end()
    if len(open_texts) > 1:
        raise ValueError("a bracket is not closed")
    return "".join(open_texts[0]) + text[start:]


def _without_lone_surrogate(found: re.Match[str]) -> str:
    return "\\ufffd" if found.lastgroup else found[0]


def _whole_number(digits: str) -> int | float:
    number = float(digits)
    return number if math.isinf(number) else int(digits)
