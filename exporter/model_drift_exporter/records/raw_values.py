"""Reads raw values of records as text or as numbers."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any, cast

import msgspec
import numpy as np
from numpy.typing import NDArray

from .columns import Numbers, Texts

__all__ = ["NESTED", "Values", "distinct_texts", "numbers", "text_of"]

Values = Sequence[object]
NESTED: object = ()
"""Stands for an array or an object as the value of a feature: it is neither a number nor a text, whatever it holds."""

_NUMBERS = {float, int, type(None)}
_JSON_NUMBERS = msgspec.json.Decoder(list[float | None])
_TEXTS = {str, type(None)}
_FEW = 256
_MISSING_TEXTS = frozenset({"", "na", "n/a", "nan", "null", "none"})


def text_of(value: object) -> str | None:
    """A category or class as text: strings unchanged, ``true`` or ``false``, numbers (7.0 is ``"7"``); otherwise ``None``."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float) and value == value:  # noqa: PLR0124 - not NaN
        return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)
    return None


def numbers(values: Values, *, text: bool = False) -> tuple[NDArray[np.float64], list[int]]:
    """Values as floats, and the indexes of the values that are not numbers. These and missing values are NaN.

    A bool or a string is not a number. With ``text``, all values are strings, and a string that can be read as a number is one.
    """
    if isinstance(values, Numbers):
        return values.values.copy(), values.invalid.tolist()
    if isinstance(values, Texts):
        return _numbers_of_texts(values, text=text)
    if text:
        return _numbers_of_text(values)
    kinds = set(map(type, values))
    if kinds <= _NUMBERS:
        try:
            return np.fromiter(values, np.float64, len(values)), []
        except OverflowError:
            pass  # a whole number beyond the range of floats
    if int in kinds:
        values = [_number(value) if value.__class__ is int else value for value in values]
    cleaned = [value if value.__class__ is float else None for value in values]
    array = np.fromiter(cleaned, np.float64, len(cleaned))
    suspects = np.flatnonzero(np.isnan(array)).tolist()
    return array, [index for index in suspects if values[index] is not None and values[index].__class__ is not float]


def _numbers_of_texts(column: Texts, *, text: bool) -> tuple[NDArray[np.float64], list[int]]:
    texts, places = column.distinct()
    if not text:
        wrong = np.array([each is not None for each in texts], dtype=np.bool_)
        return np.full(len(column), np.nan), np.flatnonzero(wrong[places]).tolist()
    found, invalid = _numbers_of_text(texts)
    wrong = np.zeros(len(texts), dtype=np.bool_)
    wrong[invalid] = True
    return found[places], np.flatnonzero(wrong[places]).tolist()


def distinct_texts(values: Values) -> tuple[list[str | None], NDArray[np.int64]]:
    """The distinct texts of the values of a column as :func:`text_of` gives them, and the place of each value in that list.

    Nothing but the distinct values of a typed column is looked at. The list may hold a text twice, and texts of no value.
    """
    if isinstance(values, Texts):
        return values.distinct()
    if isinstance(values, Numbers):
        return _distinct_numbers(values)
    if set(map(type, values)) <= _TEXTS:
        return Texts.of(cast("Sequence[str | None]", values)).distinct()
    places: dict[str | None, int] = {}
    found = np.fromiter((places.setdefault(text_of(value), len(places)) for value in values), np.int64, len(values))
    return [*places], found


def _distinct_numbers(column: Numbers) -> tuple[list[str | None], NDArray[np.int64]]:
    array = column.values
    if not len(array):
        return [], np.empty(0, dtype=np.int64)
    whole = (array >= 0) & (array < _FEW) & (array == np.floor(array))
    if whole.all():
        return [*map(str, range(int(array.max()) + 1))], array.astype(np.int64)
    distinct, places = np.unique(array, return_inverse=True)
    return [text_of(value) for value in distinct.tolist()], places


def _number(value: Any) -> float:
    try:
        return float(value)
    except OverflowError:
        return np.inf if value > 0 else -np.inf


def _numbers_of_text(values: Values) -> tuple[NDArray[np.float64], list[int]]:
    texts: list[Any] = [value or "null" for value in values]
    with contextlib.suppress(msgspec.MsgspecError):
        # As a JSON array of numbers, the usual column is read at once, in a third of the time.
        found = _JSON_NUMBERS.decode(f"[{','.join(texts)}]")
        if len(found) == len(texts):
            return np.fromiter(found, np.float64, len(found)), []
    texts = ["nan" if text == "null" else text for text in texts]
    if _is_plain("".join(texts)):
        try:
            return np.array(texts, dtype=np.float64), []
        except ValueError:
            pass
    array = np.empty(len(values))
    invalid = []
    for index, text in enumerate(texts):
        array[index] = np.nan
        if _is_plain(text):
            with contextlib.suppress(ValueError):
                array[index] = float(text)
                continue
        if text.strip().lower() not in _MISSING_TEXTS:
            invalid.append(index)
    return array, invalid


def _is_plain(text: str) -> bool:
    # Python reads 2024_01 and the digits of all scripts as numbers. In a log, these are a period and a mistake.
    return "_" not in text and text.isascii()
