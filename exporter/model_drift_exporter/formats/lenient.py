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


def decode_leniently(line: bytes) -> object:
    """Decode one line of UTF-8 with the standard library; ``NOT_JSON`` if it cannot.

    It takes NaN and Infinity. Numbers beyond a float become infinite, halves of surrogate pairs U+FFFD.
    """
    try:
        text = line.decode()
        if "\\u" in text:
            text = _SURROGATE.sub(_without_lone_surrogate, text)
        return json.loads(text, parse_int=_whole_number)
    except (ValueError, RecursionError):
        return NOT_JSON


def _without_lone_surrogate(found: re.Match[str]) -> str:
    return "\\ufffd" if found.lastgroup else found[0]


def _whole_number(digits: str) -> int | float:
    number = float(digits)
    return number if math.isinf(number) else int(digits)
