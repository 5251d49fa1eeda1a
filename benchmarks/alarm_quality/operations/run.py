"""Runs streams of one kind, in a process of its own."""

from __future__ import annotations

from typing import Any

from .follow import follow_harm, follow_kind
from .harms import HARMS
from .quiet import QUIET
from .replays import decisions_of_both

__all__ = ["harm_delays", "quiet_streams", "replayed"]

_YEAR_DAYS = 365.25


def quiet_streams(name: str, *, share: float = 1.0) -> list[dict[str, Any]]:
    """All streams of a kind in which nothing is wrong; ``share`` of their days."""
    kind = QUIET[name]
    return [follow_kind(kind, seed=seed, days=kind.years * _YEAR_DAYS * share) for seed in range(1, kind.streams + 1)]


def harm_delays(name: str, *, seeds: int) -> list[dict[str, Any]]:
    """When a harm is told, by seed."""
    return [follow_harm(HARMS[name], seed=seed) for seed in range(1, seeds + 1)]


def replayed(name: str, *, share: float = 1.0) -> dict[str, Any]:
    """What ``replay`` decides on files of a kind in which nothing is wrong, and what was decided without files."""
    kind = QUIET[name]
    return decisions_of_both(kind, seed=1, days=kind.years * _YEAR_DAYS * share)
