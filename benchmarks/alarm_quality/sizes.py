"""How much is measured."""

from __future__ import annotations

import attrs

__all__ = ["FULL", "QUICK", "Sizes"]


@attrs.frozen
class Sizes:
    """``records`` are those of each null stream; ``windows`` those of it that the usual rules see, on the first seed.

    ``operations_share`` is how much of the days of each kind of operations is run, ``harm_seeds`` on how many streams a harm.
    """

    seeds: int = 5
    records: int = 2_000_000
    features: int = 200
    windows: int = 500
    streams: int = 30
    live_days: int = 20
    error_streams: int = 2
    delay_seeds: int = 3
    error_trials: int = 400
    peer_trials: int = 100
    peer_labels: int = 1_000_000
    updates: int = 1_000
    operations_share: float = 1.0
    harm_seeds: int = 3


FULL = Sizes()
QUICK = Sizes(
    seeds=2,
    records=50_000,
    windows=10,
    streams=2,
    error_streams=1,
    delay_seeds=1,
    error_trials=20,
    peer_trials=5,
    peer_labels=20_000,
    updates=50,
    operations_share=0.02,
    harm_seeds=1,
)
