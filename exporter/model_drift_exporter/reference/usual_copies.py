"""How often records of a reference are alike: what is usual, and no copy."""

from __future__ import annotations

import msgspec

__all__ = ["USUAL_COPIES", "UsualCopies"]

USUAL_COPIES = "copies"
"""The name of this part of a reference, which is that of the monitor of copies."""


class UsualCopies(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """``chance`` is the largest share of pairs of rows that are alike in all features but one, and in the prediction.

    Leaving one out makes a feature that is stuck, or a category that grows, no copies. ``common`` are the fingerprints that
    more rows have than that, ascending, and ``shares`` their shares of the rows. ``together`` is how many rows in a row are
    alike, in 99 of 100 rows at most. ``most_missing`` is how many values a row lacks, in 99 of 100 rows at most.
    ``minute`` is how many rows fall into one minute, in nine of ten rows at most; 0 without times.
    """

    chance: float
    common: list[int] = []
    shares: list[float] = []
    together: int = 1
    most_missing: int = 0
    minute: int = 0
