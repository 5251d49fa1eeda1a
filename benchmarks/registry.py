"""All benchmarks, in the order of docs/benchmarks.md. A new one is a module with a ``run`` and a line here."""

from __future__ import annotations

from collections.abc import Callable

from . import (
    answers,
    broken_input,
    dashboards,
    learners,
    memory,
    peers,
    pieces,
    posts,
    profile,
    scrape,
    startup,
    statistics,
    throughput,
    trickle,
)
from .alarm_quality import benchmark as alarm_quality
from .report import Report, Scale

__all__ = ["BENCHMARKS"]

BENCHMARKS: dict[str, Callable[[Scale], Report]] = {
    "throughput": throughput.run,
    "pieces": pieces.run,
    "posts": posts.run,
    "trickle": trickle.run,
    "memory": memory.run,
    "learners": learners.run,
    "profile": profile.run,
    "startup": startup.run,
    "scrape": scrape.run,
    "answers": answers.run,
    "statistics": statistics.run,
    "dashboards": dashboards.run,
    "peers": peers.run,
    "alarm_quality": alarm_quality.run,
    "broken_input": broken_input.run,
}
