"""Labels as raw values to positions of classes or to numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import attrs
import numpy as np
from numpy.typing import NDArray

from ..records.values import numbers
from ..reference.outcomes import OutcomeLayout
from ..reference.scores import class_of

__all__ = ["REJECTED", "CodedLabels", "LabelCoder"]

REJECTED = ("missing", "no_identifier", "not_a_class", "not_a_number", "unseen_class", "future", "not_in_sample")
"""Why a label cannot be used as it is. Labels of an unseen class are used for realised performance only, as errors of the
model, and those from the future as of now; the others are not used. ``not_in_sample``: the predictions of its identifier are
not kept."""


@attrs.frozen(eq=False)
class CodedLabels:
    """``values``: NaN where there is no usable label. The rest are masks of why, and of classes the reference lacks."""

    values: NDArray[np.float64]
    missing: NDArray[np.bool_]
    unusable: NDArray[np.bool_]
    unseen: NDArray[np.bool_]


class _Positions(dict[str, int]):
    def __init__(self, classes: Sequence[str]) -> None:
        super().__init__((name, position) for position, name in enumerate(classes))
        self._other = len(classes)

    def __missing__(self, key: str) -> int:
        return self._other


class LabelCoder:
    """Positions in ``layout.classes``, their number for any other class; for regression the finite numbers."""

    def __init__(self, layout: OutcomeLayout) -> None:
        self._classification = layout.classification
        self._positions = _Positions(layout.classes)
        self.unusable = "not_a_class" if layout.classification else "not_a_number"

    def code(self, values: Sequence[object], *, text: bool) -> CodedLabels:
        """Code a column. Null, NaN and, with ``text``, the empty string are missing."""
        return self._classes(values, text=text) if self._classification else self._numbers(values, text=text)

    def _classes(self, values: Sequence[object], *, text: bool) -> CodedLabels:
        other = len(self._positions)
        if set(map(type, values)) == {str} and not (text and "" in values):
            texts = cast("Sequence[str]", values)
            coded = np.fromiter(map(self._positions.__getitem__, texts), np.float64, len(texts))
            none = np.zeros(len(values), dtype=np.bool_)
            return CodedLabels(coded, none, none, coded == other)
        names = [class_of(value, text=text) for value in values]
        coded = np.array([np.nan if name is None else self._positions[name] for name in names], dtype=np.float64)
        absent = np.array([value is None or value == "" or value != value for value in values], dtype=np.bool_)  # noqa: PLR0124
        unknown = np.isnan(coded)
        return CodedLabels(coded, unknown & absent, unknown & ~absent, coded == other)

    def _numbers(self, values: Sequence[object], *, text: bool) -> CodedLabels:
        coded, invalid = numbers(values, text=text)
        unusable = np.isinf(coded)
        unusable[invalid] = True
        coded[unusable] = np.nan
        return CodedLabels(coded, np.isnan(coded) & ~unusable, unusable, np.zeros(len(values), dtype=np.bool_))
