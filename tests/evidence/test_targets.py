from __future__ import annotations

import msgspec
import numpy as np
import pytest

from model_drift_exporter.evidence.seasonal_bets import SeasonalBets
from model_drift_exporter.evidence.settings import EvidenceSettings
from model_drift_exporter.evidence.targets import (
    BETS_OF_COLUMN,
    REJECTED_BETS,
    BetLayout,
    Target,
    rejected_limit,
    rejected_log_e,
)
from model_drift_exporter.reference.profile import FEATURE, ReferenceProfile, categorical_column
from model_drift_exporter.statistics.betting.bet_families import DIRECTIONAL
from tests.evidence.streams import profile


def layout_of(reference: ReferenceProfile) -> BetLayout:
    bets = SeasonalBets(reference, range(len(reference.columns)), EvidenceSettings())
    return BetLayout(reference.columns, bets.pooled, 0.05)


def targets_of(reference: ReferenceProfile) -> dict[str, Target]:
    return {target.alert: target for target in layout_of(reference).targets()}


def test_each_alarm_is_about_its_columns() -> None:
    """Features by name; outputs and rejected lines are members without one."""
    targets = targets_of(profile(2))
    features = ("n0", "n1", "country")
    assert {alert: target.names for alert, target in targets.items()} == {
        "ModelInputBroken": (*features, ""),
        "ModelFeatureDrift": features,
        "ModelFeatureMissingValues": features,
        "ModelFeatureOutOfRange": features,
        "ModelPredictionDrift": ("", ""),
    }


def test_the_weights_of_each_member_sum_to_one() -> None:
    """Evidence of 1 everywhere is evidence of 1 for the alarm: what makes its average an e-detector."""
    layout = layout_of(profile(2))
    for target in layout.targets():
        np.testing.assert_allclose(target.weights.sum(axis=1), 1.0)
        members = target.members(np.zeros((1, layout.size)))
        np.testing.assert_allclose(members, 0.0, atol=1e-12)
        np.testing.assert_allclose(target.evidence(members), 0.0, atol=1e-12)


def test_evidence_is_the_plain_average_over_members() -> None:
    """One bet of one of three features: its weight, divided by three."""
    layout = layout_of(profile(2))
    target = next(target for target in layout.targets() if target.alert == "ModelFeatureMissingValues")
    log_m = np.full((1, layout.size), -np.inf)
    log_m[0, target.places[1, 0]] = 7.0
    evidence = target.evidence(target.members(log_m))[0]
    assert evidence == pytest.approx(7.0 + np.log(target.weights[1, 0] / 3))


def test_one_bet_of_each_direction_is_watched() -> None:
    """A numeric column has seven directions and two omnibus bets; only missing and invalid break the input."""
    targets = targets_of(profile(2))
    drift = targets["ModelFeatureDrift"]
    assert np.count_nonzero(drift.member_of == 0) == 9
    broken = targets["ModelInputBroken"]
    assert np.bincount(broken.member_of).tolist() == [2, 2, 2, 1]
    missing = targets["ModelFeatureMissingValues"]
    assert np.bincount(missing.member_of).tolist() == [2, 2, 2]
    assert not set(missing.directions) & set(broken.directions)


def test_more_and_less_of_a_category_are_watched_apart() -> None:
    """Also where their limits are equal, as of two categories of the same size, and in the order by frequency."""
    reference = profile(1)
    for shares, directions in (([0.5, 0.5], 2), ([0.4, 0.3, 0.2, 0.1], 3 * 2 + 1 + 2)):
        names = [*"abcd"][: len(shares)]
        column = categorical_column("country", FEATURE, names, accepts_numbers=False)
        rows = [round(10_000 * share) for share in [*shares, 0.0, 0.0, 0.0]]
        counts = dict(zip(column.counts, rows, strict=True))
        column = msgspec.structs.replace(column, counts=counts)
        columns = [reference.columns[0], column, *reference.columns[2:]]
        drift = targets_of(msgspec.structs.replace(reference, columns=columns))["ModelFeatureDrift"]
        assert np.count_nonzero(drift.member_of == 1) == directions + 3 + 2


def test_a_model_without_features_can_still_have_rejected_lines() -> None:
    """Then there are no alarms on features, and input is broken by its lines only."""
    reference = profile(1)
    outputs = [column for column in reference.columns if column.role != FEATURE]
    targets = targets_of(msgspec.structs.replace(reference, columns=outputs))
    assert [*targets] == ["ModelInputBroken", "ModelPredictionDrift"]
    assert targets["ModelInputBroken"].names == ("",)
    nothing = targets_of(msgspec.structs.replace(reference, columns=[]))
    assert [*nothing] == ["ModelInputBroken"]


def test_design_effects_make_recovery_slower() -> None:
    """Blocks of 500 independent records; those of values that the reference hardly knows are independent."""
    layout, dependent = layout_of(profile(2)), layout_of(profile(2, effect=40.0))
    columns = slice(0, 4 * BETS_OF_COLUMN)
    assert set(layout.needed[columns].tolist()) == {500.0}
    drift = next(target for target in dependent.targets() if target.alert == "ModelFeatureDrift")
    kinds = drift.directions % BETS_OF_COLUMN
    assert set(dependent.needed[drift.directions[kinds < DIRECTIONAL]].tolist()) == {20_000.0}
    rare = next(target for target in dependent.targets() if target.alert == "ModelFeatureMissingValues")
    assert set(dependent.needed[rare.directions].tolist()) == {500.0}
    assert set(dependent.needed[-REJECTED_BETS:].tolist()) == {500.0}


def test_rejected_lines_speak_above_the_tolerance_only() -> None:
    """No bet wins on five in a hundred, each wins on everything, and fifty lines count as one."""
    lines = np.array([1_000.0, 1_000.0, 50.0])
    found = rejected_log_e(lines, np.array([50.0, 1_000.0, 50.0]), 0.05)
    assert (found[0] < 0).all()
    assert (found[1] > 10.0).all()
    np.testing.assert_allclose(found[2], np.log(np.array([0.1, 0.25, 0.525]) / 0.05))


@pytest.mark.parametrize(
    ("lines", "rejected", "lowest", "highest"),
    [
        (0, 0, 0.05, 0.05),
        (10_000, 0, 0.05, 0.05),
        (10_000, 1, 0.0501, 0.052),
        (10_000, 1_000, 0.2, 0.23),
        (1_000_000, 100_000, 0.15, 0.16),
        (100, 99, 1.0, 1.06),
    ],
)
def test_rejected_lines_may_be_those_of_the_references_log(
    lines: int, rejected: int, lowest: float, highest: float
) -> None:
    """Wilson's bound of their share, of which fifty count as one, and the tolerance; the tolerance where it is not known."""
    reference = msgspec.structs.replace(profile(1), lines=lines, rejected_lines=rejected)
    assert lowest <= rejected_limit(reference, 0.05) <= highest


def test_where_every_line_may_be_rejected_nothing_is_bet() -> None:
    """A limit of 1 leaves nothing beyond it."""
    assert not rejected_log_e(np.array([1_000.0]), np.array([1_000.0]), 1.02).any()
