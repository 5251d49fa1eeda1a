from __future__ import annotations

from collections.abc import Callable

import msgspec
import numpy as np
import numpy.typing as npt
import pytest

from model_drift_exporter.binning import Binner
from model_drift_exporter.outcomes import OutcomeLayout
from model_drift_exporter.reference.outcomes import OutcomeTally, harm_losses
from model_drift_exporter.reference.profile import PREDICTION, SCORE, OutcomeSummary
from tests.monitors.outcome_making import binary_rows, profile_with_outcomes, regression_rows
from tests.prediction_log import Row, batch_of, make_rows, profile_of


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
    assert (found.rows, found.harm.rows) == (2_000, 2_000)
    assert found.harm.mean == pytest.approx(wrong.mean())
    assert found.harm.standard_deviation == pytest.approx(wrong.std(ddof=1))
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
    assert plain.harm.design_effect == 1.0
    assert plain.class_design_effects == {"no": 1.0, "yes": 1.0}
    spell = (np.arange(3_000) // 100) % 5 == 0
    generator = np.random.default_rng(3)
    truth = generator.random(3_000) < 0.02
    rows = binary_rows(np.where(truth ^ spell, 0.9, 0.1), truth)
    dependent = _summary(rows)
    assert dependent.harm.design_effect > 20
    assert list(dependent.class_design_effects) == ["no"]


def test_rows_count_in_the_order_of_time() -> None:
    """However they are sorted in the file, and however they come in batches."""
    spell = (np.arange(2_000) // 100) % 4 == 0
    rows = binary_rows(np.where(spell, 0.9, 0.1), np.zeros(2_000, dtype=np.bool_))
    mixed = [rows[place] for place in np.random.default_rng(1).permutation(2_000)]
    ordered = profile_with_outcomes(rows).outcomes
    assert profile_with_outcomes(mixed, 77).outcomes == ordered
    assert ordered is not None
    assert ordered.harm.design_effect > 20
    for row in mixed:
        row["ts"] = None
    batch = batch_of(mixed)
    binner = Binner(profile_of([batch]))
    tally = OutcomeTally(binner.reference, binner)
    tally.observe(batch, *binner.cells(batch), np.arange(2_000))
    untimed = tally.summary()
    assert untimed is not None
    assert untimed.harm.design_effect == 1.0


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
    assert found.harm.mean == pytest.approx(np.minimum(np.abs(error) / found.error_scale, 1).mean())
    assert dict(zip(column.bins, found.score_rows, strict=True)) == column.counts
    assert found.performance["root_mean_squared_error"] == pytest.approx(np.sqrt((error**2).mean()))
    assert found.performance["bias"] == pytest.approx(error.mean())
    assert (found.class_rows, found.class_errors) == ({}, {})


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
        doubled = harm_losses(layout, found.error_scale, 2 * error, np.zeros(20_000)).mean()
        plain = harm_losses(layout, found.error_scale, error, np.zeros(20_000)).mean()
        assert doubled > 1.33 * plain


def test_a_perfect_regression_knows_any_error() -> None:
    """Without an error in the reference there is no scale, and every error counts as 1."""
    found = _summary(regression_rows(np.arange(500.0), np.zeros(500)))
    assert (found.error_scale, found.harm.mean) == (0.0, 0.0)
    losses = harm_losses(OutcomeLayout(False, (), None, 0), 0.0, np.array([1.0, 2.0, np.nan]), np.array([1.0, 1.9, 1]))
    np.testing.assert_array_equal(losses, [0.0, 1.0, np.nan])


def test_labels_of_other_classes_say_nothing() -> None:
    """An outcome whose label is none of the reference's classes is no error of the model; a prediction of none is."""
    layout = OutcomeLayout(True, ("a", "b"), None, 0)
    losses = harm_losses(layout, 0.0, np.array([0.0, 1, 2, 0, 2]), np.array([0.0, 0, 0, 2, 2]))
    np.testing.assert_array_equal(losses, [0, 1, 1, np.nan, np.nan])


def test_a_summary_survives_its_file() -> None:
    """As JSON and back."""
    found = _summary(_rows(500))
    assert msgspec.json.decode(msgspec.json.encode(found), type=OutcomeSummary) == found
