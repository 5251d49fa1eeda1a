from __future__ import annotations

import math

import numpy as np
import pytest

from model_drift_exporter.binning import Binner
from model_drift_exporter.reference.loss import LossTally
from model_drift_exporter.reference.profile import LossSummary, ReferenceProfile
from tests.prediction_log import Row, batch_of, make_rows, profile_of


def _labelled(rows: list[Row], labels: list[object]) -> list[Row]:
    return [row | {"label": label} for row, label in zip(rows, labels, strict=True)]


def _losses(rows: list[Row], batches: int = 1) -> dict[str, LossSummary]:
    parts = [batch_of(rows[start::batches]) for start in range(batches)]
    return profile_of(parts).loss


def test_losses_of_a_classifier() -> None:
    """Error rate, log loss and Brier score are those of the formulas, over the labelled rows only."""
    rows = make_rows(400, seed=1)
    labels: list[object] = ["yes" if index % 3 else "no" for index in range(300)] + [None] * 100
    losses = _losses(_labelled(rows, labels))
    scores = np.array([row["score"] for row in rows[:300]])
    outcome = np.array([label == "yes" for label in labels[:300]])
    wrong = np.array([row["prediction"] != label for row, label in zip(rows[:300], labels, strict=False)], dtype=float)
    log_loss = -np.log(np.clip(np.where(outcome, scores, 1 - scores), 1e-15, 1))
    brier = (outcome - scores) ** 2
    for name, values in (("zero_one", wrong), ("log_loss", log_loss), ("brier", brier)):
        assert losses[name].rows == 300
        assert losses[name].mean == pytest.approx(values.mean(), rel=1e-12)
        assert losses[name].standard_deviation == pytest.approx(values.std(ddof=1), rel=1e-9)


def test_losses_of_a_regression() -> None:
    """Absolute and squared errors; a label that is no number does not count."""
    rows = [{"features": {"a": index % 7}, "prediction": index + 0.5, "label": index * 1.1} for index in range(100)]
    rows.append({"features": {"a": 1}, "prediction": 3.5, "label": "late"})
    losses = _losses(rows)
    errors = np.array([0.5 - 0.1 * index for index in range(100)])
    assert losses["absolute_error"].mean == pytest.approx(np.abs(errors).mean())
    assert losses["squared_error"].mean == pytest.approx((errors**2).mean())
    assert losses["squared_error"].standard_deviation == pytest.approx((errors**2).std(ddof=1))
    assert losses["squared_error"].rows == 100


def test_losses_of_several_classes() -> None:
    """With a score for each class the Brier score is summed over them; a class that a record does not score had no chance."""
    rows: list[Row] = [
        {"features": {"x": index % 5}, "prediction": "a", "scores": {"a": 0.7, "b": 0.2, "c": 0.1}, "label": label}
        for index, label in enumerate("ab" * 20)
    ]
    rows += [
        {"features": {"x": 1}, "prediction": "a", "scores": {"a": 1.0}, "label": "c"},
        {"features": {"x": 1}, "prediction": "a", "scores": None, "label": "c"},
    ]
    losses = _losses(rows)
    assert losses["zero_one"].mean == pytest.approx(22 / 42)
    assert losses["log_loss"].rows == losses["brier"].rows == 41
    log_loss = -20 * (math.log(0.7) + math.log(0.2)) - math.log(1e-15)
    assert losses["log_loss"].mean == pytest.approx(log_loss / 41)
    brier = 20 * (0.3**2 + 0.2**2 + 0.1**2 + 0.7**2 + 0.8**2 + 0.1**2) + 2
    assert losses["brier"].mean == pytest.approx(brier / 41)


def test_one_score_for_many_classes_has_no_log_loss() -> None:
    """The score of the predicted class does not tell the probability of another that came true."""
    rows = [
        {"features": {"x": index % 5}, "prediction": "abc"[index % 3], "score": 0.8, "label": "abc"[index % 2]}
        for index in range(60)
    ]
    assert set(_losses(rows)) == {"zero_one"}


def test_losses_do_not_depend_on_batches() -> None:
    """One batch or many: the same digits."""
    rows = _labelled(make_rows(500, seed=4), ["yes" if index % 4 else "no" for index in range(500)])
    ordered = [row for start in range(7) for row in rows[start::7]]
    assert _losses(ordered) == _losses(rows, batches=7)


def test_an_absurd_label_does_no_harm() -> None:
    """A label of 1e300 or infinity is left out, without a warning, and the others keep their precision."""
    rows = [{"features": {"a": index % 7}, "prediction": 1.5 + index, "label": 1.0 + index} for index in range(50)]
    absurd = [row | {"label": value} for row, value in zip(rows, (1e300, -1e308, math.inf), strict=False)]
    losses = _losses([*rows, *absurd])
    assert losses["squared_error"] == LossSummary(0.25, 0.0, 50)


def test_rows_without_labels_have_no_loss() -> None:
    """No label, no loss."""
    rows = make_rows(100)
    assert _losses(rows) == {}
    reference: ReferenceProfile = profile_of([batch_of(rows)])
    tally = LossTally(reference)
    batch = batch_of(rows)
    tally.observe(batch, Binner(reference).cells(batch)[1])
    assert tally.summaries() == {}


def test_labels_that_are_no_class_have_no_log_loss() -> None:
    """Whatever stands in a label beside the scored classes is counted as an error only."""
    rows = [row | {"label": "yes" if index % 2 else f"note {index}"} for index, row in enumerate(make_rows(400))]
    losses = _losses(rows)
    assert losses["zero_one"].rows == 400
    assert losses["log_loss"].rows == losses["brier"].rows == 200


def test_the_empty_text_is_a_label() -> None:
    """In JSON the empty text is a class, right or wrong as others are."""
    rows = [
        {"features": {"a": index % 7}, "prediction": "", "label": "" if index % 4 else "spam"} for index in range(80)
    ]
    summary = _losses(rows)["zero_one"]
    assert (summary.mean, summary.rows) == (0.25, 80)
