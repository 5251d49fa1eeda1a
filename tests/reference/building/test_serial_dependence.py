from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model_drift_exporter.records.batches import RecordBatch
from model_drift_exporter.reference.building.builder import ProfileBuilder
from model_drift_exporter.reference.profile import Column, ReferenceProfile
from model_drift_exporter.statistics import FloatArray
from tests.support.prediction_log import batch_of, make_rows, profile_of

_START = 1_740_960_000.0  # a Monday, 0:00 UTC
_A_DAY = 1_200
_ROWS = 12 * _A_DAY
_STEP = 86_400.0 / _A_DAY


def _noise(seed: int, rows: int = _ROWS) -> FloatArray:
    return np.random.default_rng(seed).standard_normal(rows)


def _autoregression(coefficient: float, seed: int = 1) -> FloatArray:
    values, noise = np.empty(_ROWS), _noise(seed)
    last = 0.0
    for row in range(_ROWS):
        last = values[row] = coefficient * last + np.sqrt(1 - coefficient**2) * noise[row]
    return values


def _cycle(hours: int = 24) -> FloatArray:
    return np.sin(2 * np.pi * np.arange(_ROWS) * _STEP / (hours * 3_600))


def _texts(chances: FloatArray, seed: int = 2) -> list[str]:
    return ["yes" if each else "no" for each in np.random.default_rng(seed).random(_ROWS) < chances]


def _built(
    features: dict[str, Sequence[object]],
    *,
    timed: bool = True,
    order: Sequence[int] | None = None,
    learned: bool = False,
) -> ReferenceProfile:
    rows = len(next(iter(features.values())))
    order = range(rows) if order is None else order
    batch = RecordBatch.of(
        size=rows,
        features={name: [values[row] for row in order] for name, values in features.items()},
        time=[_START + row * _STEP for row in order] if timed else None,
        prediction=[("high", "low")[row % 2] for row in order],
    )
    builder = ProfileBuilder("m", learned=learned)
    parts = [batch.take(range(first, min(first + 997, rows))) for first in range(0, rows, 997)]
    for part in parts:
        builder.survey(part)
    builder.fix_bins()
    for part in parts:
        builder.count(part)
    return builder.profile()


def _column(profile: ReferenceProfile, name: str) -> Column:
    return next(column for column in profile.columns if column.name == name)


def test_independent_rows_have_no_design_effect_and_no_season() -> None:
    """Numbers, categories, missing values and predictions that come independently all count as what they are."""
    value = [None if each > 2 else each for each in _noise(0).tolist()]
    profile = _built({"value": value, "kind": _texts(np.full(_ROWS, 0.3))})
    assert {(column.design_effect, column.special_design_effect) for column in profile.columns} == {(1.0, 1.0)}
    assert (profile.season, profile.season_absent) == (None, "no_gain")


def test_a_daily_cycle_is_taken_out_by_its_slots() -> None:
    """Location, spread and shares that follow the hour of the day leave nothing within the slots."""
    profile = _built(
        {
            "level": (_noise(1) + 0.5 * _cycle()).tolist(),
            "spread": (_noise(2) * np.exp(0.5 * _cycle())).tolist(),
            "kind": _texts(0.3 + 0.2 * _cycle()),
        }
    )
    assert profile.season is not None
    assert profile.season.slots == 24
    assert profile.season_absent == ""
    assert all(column.design_effect < 2 for column in profile.columns)
    counts = np.array(profile.season.counts)
    assert counts.sum(axis=0).tolist() == [count for column in profile.columns for count in column.counts.values()]
    assert profile.season.rows == [_ROWS // 24] * 24
    level = slice(0, len(profile.columns[0].counts))
    middle = np.arange(level.stop)
    morning, evening = (counts[hour, level] @ middle / counts[hour, level].sum() for hour in (6, 18))
    assert morning > evening + 1


def test_without_times_a_cycle_is_dependence() -> None:
    """The same rows without event times have the cycle in their design effects, and the reason why there are no slots."""
    features: dict[str, Sequence[object]] = {
        "level": (_noise(1) + 0.5 * _cycle()).tolist(),
        "spread": (_noise(2) * np.exp(0.7 * _cycle())).tolist(),
        "kind": _texts(0.5 + 0.3 * _cycle()),
    }
    profile = _built(features, timed=False)
    assert (profile.season, profile.season_absent) == (None, "no_times")
    assert all(20 < column.design_effect < 200 for column in profile.features)
    assert _column(profile, "prediction").design_effect == 1


def test_dependence_that_no_slot_explains_stays() -> None:
    """An autoregression keeps its design effect, above (1 + r)/(1 - r); other columns keep theirs of 1."""
    profile = _built({"wandering": _autoregression(0.9).tolist(), "free": _noise(3).tolist()})
    assert 19 < _column(profile, "wandering").design_effect < 60
    assert _column(profile, "free").design_effect == 1
    assert profile.season_absent == "no_gain"


def test_missing_values_have_their_own_dependence_or_that_of_few_rows() -> None:
    """Those that were seen judge for themselves; where there are hardly any, ten at most are taken to come together."""
    bursts = np.where(np.arange(_ROWS) // 300 % 16 == 3, np.nan, _noise(4))
    seldom = np.where(np.random.default_rng(5).random(_ROWS) < 0.02, np.nan, _noise(6))
    few = np.where(np.arange(_ROWS) < 19, np.nan, _noise(7))
    profile = _built(
        {
            "bursts": bursts.tolist(),
            "seldom": seldom.tolist(),
            "few": few.tolist(),
            "wandering": _autoregression(0.9).tolist(),
        }
    )
    largest = max(column.design_effect for column in profile.features)
    assert largest == _column(profile, "wandering").design_effect
    special = {column.name: column.special_design_effect for column in profile.columns}
    assert special["bursts"] > 200
    assert special["seldom"] == 1
    assert special["few"] == special["wandering"] == special["prediction"] == 10 < largest


@pytest.mark.parametrize("hours", [24, 168])
def test_the_season_of_values_says_nothing_of_how_they_go_missing(hours: int) -> None:
    """However large it makes the design effect of the values, ten missing or unseen ones at most come together."""
    profile = _built(
        {"level": (_noise(1) + 2 * _cycle(hours)).tolist(), "kind": _texts(0.5 + 0.4 * _cycle(hours))}, timed=False
    )
    assert min(column.design_effect for column in profile.features) > 100
    assert {column.special_design_effect for column in profile.columns} == {10.0}
    assert _column(profile, "kind").unheard_design_effect == 10


def test_a_weak_dependence_is_lent_as_it_is() -> None:
    """Where the values of no feature count for more than a few, neither do those that go missing."""
    profile = _built({"wandering": _autoregression(0.4).tolist(), "free": _noise(3).tolist()})
    largest = _column(profile, "wandering").design_effect
    assert 1 < largest < 10
    assert {column.special_design_effect for column in profile.columns} == {largest}


def test_values_out_of_range_come_as_those_at_the_ends_do() -> None:
    """Less close together than the level of an autoregression or a season, closer than independent ones."""
    profile = _built(
        {
            "wandering": _autoregression(0.99).tolist(),
            "season": (_noise(1) + 2 * _cycle()).tolist(),
            "free": _noise(3).tolist(),
        },
        timed=False,
    )
    wandering, season, free = profile.features
    assert wandering.unheard_design_effect is not None
    assert season.unheard_design_effect is not None
    assert 10 < wandering.unheard_design_effect < wandering.design_effect
    assert 5 < season.unheard_design_effect < season.design_effect / 5
    assert free.unheard_design_effect == 1


def test_a_column_without_ends_takes_what_few_rows_have() -> None:
    """One that is constant, or half of it at either end, has no values near its range's ends."""
    profile = _built({"wandering": _autoregression(0.9).tolist(), "constant": [1.0] * _ROWS})
    assert _column(profile, "constant").unheard_design_effect == 10
    assert (
        _column(_built({"free": _noise(3).tolist(), "constant": [1.0] * _ROWS}), "constant").unheard_design_effect == 1
    )


def test_unseen_categories_have_their_own_dependence() -> None:
    """Rare ones that come in bursts, each seen too seldom to have a bin."""
    burst = np.arange(_ROWS) // 300 % 16 == 3
    kinds = [f"rare {row}" if each else "usual" for row, each in enumerate(burst.tolist())]
    assert (_column(_built({"kind": kinds}), "kind").unheard_design_effect or 0) > 200


@pytest.mark.slow
def test_a_false_find_is_not_borrowed() -> None:
    """What one of 200 features shows by chance is not lent to the others unless 200 tries would hardly show it."""
    chance = np.random.default_rng(8)
    names = [f"f{number}" for number in range(200)]
    borrowed = []
    for _ in range(10):
        columns = dict(zip(names, chance.standard_normal((200, 1_000)).tolist(), strict=True))
        borrowed.append(_column(_built(columns), "prediction").special_design_effect)
    assert borrowed == [1.0] * 10


def test_the_order_of_timed_rows_in_the_file_does_not_matter() -> None:
    """Rows are judged in the order of their times, however they come; only sums of floats may differ in the last digit."""
    features: dict[str, Sequence[object]] = {
        "level": (_noise(1) + 0.5 * _cycle()).tolist(),
        "wandering": _autoregression(0.9).tolist(),
    }
    one, other = _built(features), _built(features, order=np.random.default_rng(1).permutation(_ROWS).tolist())
    assert other.season == one.season
    assert [column.design_effect for column in other.columns] == [column.design_effect for column in one.columns]
    assert one.features[1].design_effect > 19


def test_order_says_how_sure_one_can_be_and_not_what_is_counted() -> None:
    """Untimed rows in another order have other design effects and the same fingerprint."""
    wandering = np.round(_autoregression(0.9))  # whole numbers, whose sums do not depend on the order
    features: dict[str, Sequence[object]] = {"wandering": wandering.tolist()}
    shuffled: dict[str, Sequence[object]] = {"wandering": np.random.default_rng(1).permutation(wandering).tolist()}
    one, other = _built(features, timed=False), _built(shuffled, timed=False)
    assert (one.features[0].design_effect > 19, other.features[0].design_effect) == (True, 1)
    assert one.fingerprint == other.fingerprint


def test_a_learned_reference_is_judged_too() -> None:
    """5,000 live records of eight days have slots and design effects like rows of a file."""
    rows = 5_000
    times = _START + np.sort(np.random.default_rng(3).uniform(0, 9 * 86_400, rows))
    cycle = np.sin(2 * np.pi * times / 86_400)
    batch = RecordBatch.of(
        size=rows,
        features={"level": (_noise(1, rows) + 3 * cycle).tolist()},
        time=times.tolist(),
        prediction=["a"] * rows,
    )
    builder = ProfileBuilder("m", learned=True)
    builder.survey(batch)
    builder.fix_bins()
    builder.count(batch)
    profile = builder.profile()
    assert profile.learned
    assert profile.season is not None or profile.season_absent == "few_rows"
    assert (profile.features[0].design_effect > 2) == (profile.season is None)


@given(st.lists(st.integers(1, 400), min_size=1, max_size=30), st.integers(0, 9))
@settings(max_examples=15, deadline=None)
def test_batches_do_not_matter(sizes: list[int], seed: int) -> None:
    """However the rows come in batches, the profile is the same."""
    rows = make_rows(sum(sizes), seed=seed, step=900.0)
    ends = np.cumsum(sizes).tolist()
    parts = [batch_of(rows[end - size : end]) for end, size in zip(ends, sizes, strict=True)]
    assert profile_of(parts) == profile_of([batch_of(rows)])
