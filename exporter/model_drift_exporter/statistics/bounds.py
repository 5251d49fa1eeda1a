"""How large a share may be that a reference estimates."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .layout import FloatArray

__all__ = ["wilson_upper_bound"]


def wilson_upper_bound(share: npt.ArrayLike, observations: npt.ArrayLike, margin: npt.ArrayLike) -> FloatArray:
    """E. B. Wilson's bound of a share (1927), which holds for rare values too, where one standard error says little.

    ``margin`` is in standard errors. Arguments broadcast; shares above 1 count as 1.
    """
    share, square = np.minimum(share, 1.0), np.square(margin) / np.asarray(observations)
    root = np.sqrt(square * (share * (1.0 - share) + square / 4.0))
    bound: FloatArray = (share + square / 2.0 + root) / (1.0 + square)
    return bound
