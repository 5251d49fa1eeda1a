"""Columns as plain values and arrays, as snapshots hold them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from .columns import Column, Identifiers, Numbers, Texts

__all__ = ["loaded", "storable", "stored"]

_DEEPEST = 10
_SMALLEST, _LARGEST = -(2**63), 2**64 - 1


def stored(column: Column) -> Any:
    """A column as plain values and arrays; :func:`loaded` gives it back."""
    if isinstance(column, Numbers):
        return {"numbers": column.values, "invalid": column.invalid}
    if isinstance(column, Texts):
        texts, places = column.distinct()
        return {"texts": [storable(text) for text in texts], "places": places}
    if isinstance(column, Identifiers):
        return {"hashes": column.hashes, "known": column.known}
    return storable(column)


def loaded(state: Any) -> Column:
    """The column that :func:`stored` returned; a list of raw values is returned as it is."""
    if not isinstance(state, Mapping):
        column: Column = state
        return column
    if "numbers" in state:
        return Numbers(np.asarray(state["numbers"], np.float64), np.asarray(state["invalid"], np.int64))
    if "hashes" in state:
        return Identifiers(np.asarray(state["hashes"], np.uint64), np.asarray(state["known"], np.bool_))
    texts = Texts.of(state["texts"])
    return texts.take(np.asarray(state["places"], np.int64))


def storable(value: Any, depth: int = 0) -> Any:
    """A JSON value, or a list of them, as a snapshot can hold it."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "replace").decode()
    if isinstance(value, bool) or value is None or isinstance(value, float):
        return value
    if isinstance(value, int):
        return value if _fits(value) else _as_float(value)
    if depth > _DEEPEST:
        return []  # no monitor reads a value that is nested deeper
    if isinstance(value, Mapping):
        return {str(storable(name)): storable(each, depth + 1) for name, each in value.items()}
    return [storable(each, depth + 1) for each in value]


def _fits(value: int) -> bool:
    return _SMALLEST <= value <= _LARGEST


def _as_float(value: int) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf
