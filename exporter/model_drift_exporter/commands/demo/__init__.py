"""The demo: a model's traffic replayed with an incident half-way, and an exporter that finds it."""

from __future__ import annotations

__all__ = ["run_demo"]


def run_demo(seconds: float, address: str, stream: str) -> int:
    """See :func:`.tour.run_tour`, which is imported only when it runs: ``traffic`` needs none of it."""
    from .tour import run_tour

    return run_tour(seconds, address, stream)
