from __future__ import annotations

import math
from collections.abc import Callable

import msgspec
import numpy as np
import numpy.typing as npt
import pytest

from model_drift_exporter.reference.binner import Binner
from model_drift_exporter.reference.building.outcome_tally import LossTally
from model_drift_exporter.reference.losses import bounded_losses
from model_drift_exporter.reference.outcome_batch import OutcomeLayout
from model_drift_exporter.reference.profile import PREDICTION, SCORE, LossSummary, OutcomeSummary, ReferenceProfile
from tests.support.made_outcomes import binary_rows, outcomes_from, profile_with_outcomes, regression_rows
from tests.support.prediction_log import Row, batch_of, make_rows, profile_of


def _rows(count: int, seed: int = 0) -> list[Row]:
    generator = np.random.default_rng(seed)
    score = generator.random(count)
    return binary_rows(score, generator.random(count) < score)


def _summary(rows: list[Row]) -> OutcomeSummary:
    found = profile_with_outcomes(rows).outcomes
    assert found is not None
    return found


def test_a_classifier_is_summed_up() -> None:
    """Errors overall, by class and by score bin, and the metrics, as counted one by one."""
    rows = _rows(2_000)
    profile = profile_with_outcomes(rows)
    found, score = profile.outcomes, profile.column(SCORE)
    assert found is not None
    assert score is not None
    wrong = np.array([row["prediction"] != row["label"] for row in rows])
    assert (found.rows, found.loss.rows) == (2_000, 2_000)
    assert found.loss.mean == pytest.approx(wrong.mean())
    assert found.loss.standard_deviation == pytest.approx(wrong.std(ddof=1))
    for name in ("yes", "no"):
        own = np.array([row["label"] == name for row in rows])
        assert found.class_rows[name] == own.sum()
        assert found.class_errors[name] == wrong[own].sum()
        assert found.performance[f"recall/{name}"] == pytest.approx(1 - wrong[own].mean())
    assert dict(zip(score.bins, found.score_rows, strict=True)) == score.counts
    assert sum(found.score_losses) == wrong.sum()
    lowest = [row["score"] <= score.edges[1] for row in rows]
    assert found.score_losses[1] == wrong[lowest].sum()
    assert found.performance["accuracy"] == pytest.approx(1 - wrong.mean())
    assert 0.7 < found.performance["roc_auc"] < 0.95
    assert not [name for name in found.performance if name.startswith("loss_mean")]


def test_independent_rows_count_fully_and_dependent_ones_less() -> None:
    """Design effects of 1 for errors by chance, far more where errors come in spells; by class only with enough rows."""
    plain = _summary(_rows(3_000))
    assert plain.loss.design_effect == 1.0
    assert plain.class_design_effects == {"no": 1.0, "yes": 1.0}
    spell = (np.arange(3_000) // 100) % 5 == 0
    generator = np.random.default_rng(3)
    truth = generator.random(3_000) < 0.02
    rows = binary_rows(np.where(truth ^ spell, 0.9, 0.1), truth)
    dependent = _summary(rows)
    assert dependent.loss.design_effect > 20
    assert list(dependent.class_design_effects) == ["no"]


def test_rows_count_in_the_order_of_time() -> None:
    """However they are sorted in the file, and however they come in batches."""
    spell = (np.arange(2_000) // 100) % 4 == 0
    rows = binary_rows(np.where(spell, 0.9, 0.1), np.zeros(2_000, dtype=np.bool_))
    mixed = [rows[place] for place in np.random.default_rng(1).permutation(2_000)]
    ordered = profile_with_outcomes(rows).outcomes
    assert profile_with_outcomes(mixed, 77).outcomes == ordered
    assert ordered is not None
    assert ordered.loss.design_effect > 20
    for row in mixed:
        row["ts"] = None
    batch = batch_of(mixed)
    untimed = outcomes_from(profile_of([batch]), [batch])
    assert untimed is not None
    assert untimed.loss.design_effect == 1.0


def test_only_usable_labels_count() -> None:
    """Rows without a label or prediction are left out; a label of another class is an error; none at all is no summary."""
    rows = _rows(1_000)
    for row in rows[:100]:
        row["label"] = None
    for row in rows[100:150]:
        row["prediction"] = None
    found = profile_with_outcomes(rows).outcomes
    assert found is not None
    assert found.rows == 850
    assert profile_with_outcomes(make_rows(300)).outcomes is None
    assert profile_with_outcomes(make_rows(300, label=None)).outcomes is None


def test_the_score_of_rows_without_one_is_no_bin() -> None:
    """They count for the error but not for the split over scores."""
    rows = _rows(1_000)
    for row in rows[:200]:
        row["score"] = None
    found = profile_with_outcomes(rows).outcomes
    assert found is not None
    assert (found.rows, sum(found.score_rows)) == (1_000, 800)


def test_a_regression_is_summed_up() -> None:
    """The bounded error at the scale that one in twenty exceeds, over the bins of the prediction."""
    generator = np.random.default_rng(4)
    predicted, error = generator.normal(50, 9, 4_000), generator.standard_t(3, 4_000)
    profile = profile_with_outcomes(regression_rows(predicted, error))
    found, column = profile.outcomes, profile.column(PREDICTION)
    assert found is not None
    assert column is not None
    assert found.error_scale == pytest.approx(np.quantile(np.abs(error), 0.95))
    assert found.loss.mean == pytest.approx(np.minimum(np.abs(error) / found.error_scale, 1).mean())
    assert dict(zip(column.bins, found.score_rows, strict=True)) == column.counts
    assert found.performance["root_mean_squared_error"] == pytest.approx(np.sqrt((error**2).mean()))
    assert found.performance["bias"] == pytest.approx(error.mean())
    assert (found.class_rows, found.class_errors) == ({}, {})


@pytest.mark.slow
@pytest.mark.parametrize(
    "law",
    [
        lambda generator, size: generator.normal(size=size),
        lambda generator, size: generator.standard_t(1.5, size),
        lambda generator, size: generator.lognormal(0, 1.5, size),
        lambda generator, size: generator.laplace(size=size) * (generator.random(size) < 0.5),
    ],
)
def test_a_doubled_error_is_seen_whatever_the_tails(
    law: Callable[[np.random.Generator, int], npt.NDArray[np.float64]],
) -> None:
    """The bounded loss of doubled errors is above the reference's by a third or more, also beside absurd errors."""
    generator = np.random.default_rng(5)
    error = law(generator, 20_000)
    spoilt = np.where(np.arange(20_000) % 50 == 0, 1e12, error)
    for reference in (error, spoilt):
        found = _summary(regression_rows(np.arange(20_000) % 97 / 7, reference))
        layout = OutcomeLayout(False, (), None, 0)
        doubled = bounded_losses(layout, found.error_scale, 2 * error, np.zeros(20_000)).mean()
        plain = bounded_losses(layout, found.error_scale, error, np.zeros(20_000)).mean()
        assert doubled > 1.33 * plain


def test_a_perfect_regression_knows_any_error() -> None:
    """Without an error in the reference there is no scale, and every error counts as 1."""
    found = _summary(regression_rows(np.arange(500.0), np.zeros(500)))
    assert (found.error_scale, found.loss.mean) == (0.0, 0.0)
    losses = bounded_losses(
        OutcomeLayout(False, (), None, 0), 0.0, np.array([1.0, 2.0, np.nan]), np.array([1.0, 1.9, 1])
    )
    np.testing.assert_array_equal(losses, [0.0, 1.0, np.nan])


def test_a_summary_survives_its_file() -> None:
    """As JSON and back."""
    found = _summary(_rows(500))
    assert msgspec.json.decode(msgspec.json.encode(found), type=OutcomeSummary) == found


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
