"""What is compared with its reference: features, predictions and scores, and how their recorded series are called."""

from __future__ import annotations

import attrs

__all__ = ["ORDINALS", "ROLES", "VALID_BINS", "Role"]

ORDINALS = tuple(f"b{number:02d}" for number in range(14))
"""The numeric bins inside the reference's range, in the order of their values."""

VALID_BINS = "__below__|b[0-9]{2}|__above__"
"""Pattern of the bins that hold valid numbers."""


@attrs.frozen
class Role:
    """One of feature, prediction, score. ``own`` are the labels of one column beside the model's."""

    name: str
    own: tuple[str, ...] = ()

    @property
    def column(self) -> str:
        """Labels of one column under one reference, for ``by`` and ``on``."""
        return ", ".join(("model", "reference", *self.own))

    @property
    def cell(self) -> str:
        """Labels of one bin of a column."""
        return f"{self.column}, bin"

    def of_column(self, metric: str, operation: str) -> str:
        """Name of a series recorded for each column."""
        return f"{'_'.join(('model_reference', *self.own))}:{self.name}_{metric}:{operation}"

    def of_cell(self, metric: str, operation: str) -> str:
        """Name of a series recorded for each bin."""
        return f"{'_'.join(('model_reference', *self.own, 'bin'))}:{self.name}_{metric}:{operation}"


ROLES = (Role("feature", ("feature",)), Role("prediction"), Role("score"))
