from __future__ import annotations

import math

import pytest

from model_drift_exporter.labels.coding import REJECTED, LabelCoder
from model_drift_exporter.reference.outcomes import OutcomeLayout

CLASSES = LabelCoder(OutcomeLayout(classification=True, classes=("0", "1", "yes"), positive=None, score_bins=0))
NUMBERS = LabelCoder(OutcomeLayout(classification=False, classes=(), positive=None, score_bins=0))


def test_classes_are_compared_as_text() -> None:
    """1, 1.0 and "1" are one class; any other name is the position behind the last, and is told."""
    values: list[object] = [1, 1.0, "1", "yes", True, "maybe", 2]
    coded = CLASSES.code(values, text=False)
    assert coded.values.tolist() == [1, 1, 1, 2, 3, 3, 3]
    assert coded.unseen.tolist() == [False] * 4 + [True] * 3
    assert not coded.missing.any()
    assert not coded.unusable.any()


def test_what_is_no_class_is_missing_or_unusable() -> None:
    """Null and NaN are missing, lists and objects are no class; the empty text is a class in JSON only."""
    coded = CLASSES.code([None, math.nan, [1], {}, ""], text=False)
    assert coded.missing.tolist() == [True, True, False, False, False]
    assert coded.unusable.tolist() == [False, False, True, True, False]
    assert coded.unseen.tolist() == [False] * 4 + [True]
    assert CLASSES.code(["", "1"], text=True).missing.tolist() == [True, False]
    assert CLASSES.code(["", "1"], text=False).unseen.tolist() == [True, False]


def test_a_label_of_a_regression_is_a_finite_number() -> None:
    """Texts and infinities are of no use; null and NaN are missing; in CSV numbers are texts."""
    coded = NUMBERS.code([1.5, 2, "3", True, math.inf, None, math.nan, 10**400], text=False)
    assert coded.values.tolist()[:2] == [1.5, 2.0]
    assert coded.unusable.tolist() == [False, False, True, True, True, False, False, True]
    assert coded.missing.tolist() == [False] * 5 + [True, True, False]
    csv = NUMBERS.code(["1.5", "", "n/a", "late"], text=True)
    assert csv.values.tolist()[0] == 1.5
    assert csv.missing.tolist() == [False, True, True, False]
    assert csv.unusable.tolist() == [False, False, False, True]


@pytest.mark.parametrize("coder", [CLASSES, NUMBERS])
def test_the_reason_for_what_is_unusable_is_exported(coder: LabelCoder) -> None:
    """Every reason that can be counted is in the list that is exported from 0."""
    assert coder.unusable in REJECTED
