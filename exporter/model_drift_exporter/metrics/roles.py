"""What metrics of columns have in common: a feature's, the predictions' and the score's differ in name and labels only."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from .metric import Group

__all__ = ["ROLES", "Role"]


@attrs.frozen
class Role:
    """The ``labels`` that say which column a series is of, the heading in docs/metrics.md, and the column in a sentence."""

    labels: str
    group: Group
    whose: str


ROLES: Mapping[str, Role] = {
    "feature": Role("model feature", Group.FEATURES, "this feature"),
    "prediction": Role("model", Group.PREDICTIONS, "the predictions"),
    "score": Role("model", Group.SCORES, "the score"),
}
"""By the name of the role, as columns of a reference have it."""
