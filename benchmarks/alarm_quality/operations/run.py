"""Runs streams of one kind, in a process of its own."""

from __future__ import annotations

import math
from typing import Any

from .follow import follow_kind
from .quiet import QUIET

__all__ = ["quiet_streams"]

_YEAR_DAYS = 365.25


def quiet_streams(name: str, *, share: float = 1.0) -> list[dict[str, Any]]:
    """All streams of a kind in which nothing is wrong; ``share`` of their days."""
    kind = QUIET[name]
    return [
        follow_kind(kind, seed=seed, days=math.ceil(kind.years * _YEAR_DAYS * share))
        for seed in range(1, kind.streams + 1)
    ]
