from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from model_drift_exporter.records.batches import RecordBatch
from model_drift_exporter.reference.scores import (
    DERIVED,
    DERIVED_EDGES,
    Scores,
    class_of,
    read_scores,
    scores_per_class,
)

TWO, THREE = ["no", "yes"], ["a", "b", "c"]
SHARES = st.floats(0, 1)


def read(
    score: Sequence[object] | None = None,
    scores: Sequence[object] | None = None,
    *,
    classes: Sequence[str] = TWO,
    positive: str = "yes",
    threshold: float = 0.5,
    text: bool = False,
) -> Scores:
    size = len(score if score is not None else scores or ())
    found = read_scores(RecordBatch.of(size, {}, score=score, scores=scores, text=text), classes, positive, threshold)
    assert found is not None
    assert all(len(getattr(found, name)) == size for name in ("score", *DERIVED))
    return found


def normalised(shares: Sequence[float]) -> list[float]:
    total = sum(shares)
    return [share / total for share in shares]


@given(st.lists(SHARES, min_size=1), st.floats(0.1, 0.9))
def test_a_score_of_two_classes(shares: list[float], threshold: float) -> None:
    """Confidence is the likelier class's probability, margin the distance to the threshold, entropy in bits."""
    found = read(shares, threshold=threshold)
    np.testing.assert_array_equal(found.score, shares)
    np.testing.assert_allclose(found.confidence, [max(p, 1 - p) for p in shares])
    np.testing.assert_allclose(found.margin, [abs(p - threshold) for p in shares])
    np.testing.assert_allclose(found.entropy, [scipy.stats.entropy([p, 1 - p], base=2) for p in shares], atol=1e-12)


@given(st.lists(SHARES, min_size=1), st.sampled_from(TWO))
def test_scores_of_both_classes_are_the_positive_one_s(shares: list[float], positive: str) -> None:
    """A list in the order of the classes, an object by their names, in either field: all say the same."""
    alone = read([p if positive == "yes" else 1 - p for p in shares])
    lists: list[object] = [[1 - p, p] for p in shares]
    objects: list[object] = [{"yes": p, "no": 1 - p, "other": 7} for p in shares]
    for given_scores in (lists, objects):
        for found in (read(scores=given_scores, positive=positive), read(given_scores, positive=positive)):
            assert found.invalid == []
            for name in ("score", *DERIVED):
                np.testing.assert_array_equal(getattr(found, name), getattr(alone, name))
            assert found.probabilities is not None
            np.testing.assert_array_equal(found.probabilities, [[1 - p, p] for p in shares])


@pytest.mark.slow
@given(
    st.integers(3, 5).flatmap(
        lambda width: st.lists(
            st.lists(SHARES, min_size=width, max_size=width).filter(lambda row: sum(row) > 0.01), min_size=1
        )
    )
)
def test_scores_of_many_classes(rows: list[list[float]]) -> None:
    """Confidence and score are the top class's, margin its lead, entropy a share of the largest possible."""
    width = len(rows[0])
    classes = [*THREE, "d", "e"][:width]
    shares = [normalised(row) for row in rows]
    found = read(scores=shares, classes=classes)
    assert found.invalid == []
    np.testing.assert_allclose(found.confidence, [max(row) for row in shares])
    np.testing.assert_array_equal(found.score, found.confidence)
    np.testing.assert_allclose(found.margin, [max(row) - sorted(row)[-2] for row in shares], atol=1e-12)
    np.testing.assert_allclose(found.entropy, [scipy.stats.entropy(row, base=width) for row in shares], atol=1e-9)
    by_name = read(scores=[dict(zip(classes, row, strict=True)) for row in shares], classes=classes)
    for name in ("score", *DERIVED):
        np.testing.assert_array_equal(getattr(by_name, name), getattr(found, name))


def test_classes_that_an_object_lacks_count_as_zero() -> None:
    """An object may leave out classes that had no chance."""
    classes = [*THREE, "d"]
    whole, part = read(scores=[[0.7, 0.3, 0, 0]], classes=classes), read(scores=[{"a": 0.7, "b": 0.3}], classes=classes)
    for name in ("score", *DERIVED):
        np.testing.assert_array_equal(getattr(part, name), getattr(whole, name))


@pytest.mark.parametrize(
    ("score", "number"),
    [*((value, value) for value in (-0.1, 1.1, 7.5, 1e308, math.inf, -math.inf)), (10**400, math.inf)],
    ids=["negative", "above 1", "logit", "wild", "infinite", "minus infinity", "whole"],
)
def test_a_score_that_is_no_probability_has_no_confidence(score: float, number: float) -> None:
    """Logits and wild values count as scores, alone or the top of several, but say nothing about confidence."""
    alone, both, three = read([score]), read(scores=[[0.5, score]]), read(scores=[[0.5, score, -3]], classes=THREE)
    assert [*alone.score, *both.score, *three.score] == [number, number, max(0.5, number)]
    for found in (alone, both, three):
        assert found.invalid == []
        assert all(np.isnan(getattr(found, name)).all() for name in DERIVED)


def test_missing_and_invalid_scores() -> None:
    """Null, absent and NaN are missing, other types invalid; both are NaN everywhere."""
    found = read([None, math.nan, "0.5", True, 0.75])
    assert (found.invalid, found.score[4]) == ([2, 3], 0.75)
    missing = [None, [None, None], {"yes": None}]
    wrong = [[], {}, {"other": 1}, "0.5", 0.5, [True, 0.5], ["0.5", 0.5], [0.7], [0.1, 0.2, 0.7], {"yes": "0.5"}]
    several = read(scores=[*missing, *wrong, [0.25, 0.75]])
    assert (several.invalid, several.score[-1]) == ([*range(3, 13)], 0.75)
    assert read(scores=[[0.1, 0.9], {"a": 1.0}, []], classes=[]).invalid == [0, 1, 2]
    for scores in (found, several):
        for name in ("score", *DERIVED):
            assert np.isnan(getattr(scores, name)[:-1]).all()
            assert not np.isnan(getattr(scores, name)[-1])


SCORE = st.one_of(
    st.none(), st.booleans(), SHARES, st.floats(), st.integers(), st.just(10**400), st.text(max_size=2),
    st.lists(st.one_of(st.none(), SHARES, st.floats(), st.text(max_size=1), st.just([])), max_size=4),
    st.dictionaries(st.sampled_from([*TWO, *THREE]), st.one_of(st.none(), SHARES, st.floats(), st.booleans()), max_size=4),
)  # fmt: skip


@given(
    st.lists(st.tuples(SCORE, SCORE), min_size=1, max_size=8),
    st.sampled_from([[], ["only"], TWO, THREE]),
    st.booleans(),
    st.booleans(),
)
def test_a_record_is_read_as_it_would_be_alone(
    pairs: list[tuple[object, object]], classes: list[str], use_score: bool, use_scores: bool
) -> None:
    """No record's score changes how another one's is read, whatever is mixed in a batch, and nothing warns."""
    score = [first for first, _ in pairs] if use_score else None
    scores = [second for _, second in pairs] if use_scores else None
    together = read_scores(RecordBatch.of(len(pairs), {}, score=score, scores=scores), classes, "yes", 0.5)
    for index in range(len(pairs)):
        alone = read_scores(
            RecordBatch.of(1, {}, score=score and [score[index]], scores=scores and [scores[index]]),
            classes,
            "yes",
            0.5,
        )
        for name in ("score", *DERIVED):
            expected = math.nan if alone is None else getattr(alone, name)[0]
            found = math.nan if together is None else getattr(together, name)[index]
            np.testing.assert_array_equal(found, expected)
        assert (together is not None and index in together.invalid) == (alone is not None and bool(alone.invalid))


def test_a_score_beside_absent_scores_is_read() -> None:
    """In a log of two models one may have a score and the other one scores per class."""
    found = read([0.25, None, 0.5], [None, [0.125, 0.875], None])
    assert found.score.tolist() == [0.25, 0.875, 0.5]
    assert read([0.25], [None]).score.tolist() == [0.25]
    assert read([[0.25, 0.75], [0.5, 0.5]], [None, [0.125, 0.875]]).score.tolist() == [0.75, 0.875]


def test_one_score_of_many_classes_is_the_predicted_one_s() -> None:
    """It is a confidence; of lead and entropy nothing is known."""
    found = read([0.25, 3.0], classes=THREE)
    assert found.score.tolist() == [0.25, 3.0]
    np.testing.assert_array_equal(found.confidence, [0.25, math.nan])
    assert np.isnan(found.margin).all()
    assert np.isnan(found.entropy).all()


def test_scores_in_text() -> None:
    """CSV cells are numbers in digits, missing where empty."""
    found = read(["0.25", "", "x"], text=True)
    np.testing.assert_array_equal(found.score, [0.25, math.nan, math.nan])
    assert found.invalid == [2]


def test_a_batch_without_scores_has_none() -> None:
    """Without any score there is nothing to derive from."""
    assert read_scores(RecordBatch.of(2, {}), TWO, "yes", 0.5) is None


def test_scores_per_class_come_from_either_field() -> None:
    """Lists and objects are scores per class in either field, one number is none, and CSV has none."""
    assert scores_per_class(RecordBatch.of(2, {}, scores=[{"b": 1}, None])) == [{"b": 1}, None]
    assert scores_per_class(RecordBatch.of(2, {}, score=[0.5, [0.2, 0.8]])) == [None, [0.2, 0.8]]
    assert scores_per_class(RecordBatch.of(1, {}, score=[0.5])) is None
    assert scores_per_class(RecordBatch.of(1, {}, scores=["[0.5]"], text=True)) is None


@pytest.mark.parametrize(
    ("value", "text", "name"),
    [("yes", False, "yes"), (1.0, False, "1"), (True, False, "true"), ("", False, ""), ("", True, None), (None, False, None)],
)  # fmt: skip
def test_names_of_classes(value: object, text: bool, name: str | None) -> None:
    """A class is known by its text; an empty one is a name of its own in JSON and missing in CSV."""
    assert class_of(value, text=text) == name


@pytest.mark.parametrize("name", DERIVED)
def test_the_fixed_bins_cover_what_can_be_derived(name: str) -> None:
    """Edges ascend from 0 to 1."""
    edges = DERIVED_EDGES[name]
    assert (edges[0], edges[-1], sorted(set(edges))) == (0, 1, [*edges])
