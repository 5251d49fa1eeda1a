"""How far a column has moved, in words: an effect size beside its noise, never a verdict."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

from ...service.status import BinStatus, ColumnStatus
from ...words import share
from .charts import is_special, shares

__all__ = ["Movement", "biggest_changes", "movement", "noise_limit"]

Movement = Literal["unknown", "within", "little", "moved", "far"]
MODERATE_PSI, LARGE_PSI = 0.1, 0.25  # the field's rule of thumb for PSI
_STANDARD_DEVIATIONS = 5.0
_LEAST_CHANGE = 0.005

SPECIAL_WORDS = {
    "__below__": "below the reference's range",
    "__above__": "above the reference's range",
    "__other__": "other categories",
    "__missing__": "missing",
    "__invalid__": "invalid",
}


def noise_limit(column: ColumnStatus) -> float | None:
    """The PSI from which a column counts as moved: five standard deviations of its noise above the noise floor.

    Under the reference PSI is about χ² with B - 1 degrees of freedom times (1/n + 1/N), B the bins that the reference
    fills: its mean is the noise floor, its standard deviation sqrt(2 / (B - 1)) times that. ``None`` without a floor.
    """
    if column.psi_noise_floor is None:
        return None
    filled = sum(1 for each in column.bins if each.reference > 0)
    return column.psi_noise_floor * (1 + _STANDARD_DEVIATIONS * math.sqrt(2 / max(1, filled - 1)))


def movement(column: ColumnStatus) -> Movement:
    """Where PSI stands: unknown without one, within its noise, or beyond it and how far (bounds 0.1 and 0.25)."""
    limit = noise_limit(column)
    if column.psi is None or limit is None:
        return "unknown"
    if column.psi <= limit:
        return "within"
    if column.psi < MODERATE_PSI:
        return "little"
    return "moved" if column.psi < LARGE_PSI else "far"


def bin_words(each: BinStatus) -> str:
    """A bin's name for people, special bins in plain words."""
    return SPECIAL_WORDS.get(each.name, each.label) if is_special(each.name) else each.label or "(empty text)"


def biggest_changes(bins: Sequence[BinStatus]) -> str:
    """Which bin gained and which lost the most, as a clause; empty where none changed by half a percentage point."""
    current, reference = shares(bins)
    if not any(current):
        return ""
    changes = [now - was for now, was in zip(current, reference, strict=True)]
    clauses = []
    for word, index in (("more", changes.index(max(changes))), ("fewer", changes.index(min(changes)))):
        if abs(changes[index]) >= _LEAST_CHANGE and (changes[index] > 0) == (word == "more"):
            clauses.append(f"{word} {bin_words(bins[index])} ({share(reference[index])} → {share(current[index])})")
    return ", ".join(clauses)
