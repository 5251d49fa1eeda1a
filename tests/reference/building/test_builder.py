from __future__ import annotations

import math
import random
import tempfile
import warnings
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model_drift_exporter.errors import ReferenceProfileError
from model_drift_exporter.records.batches import RecordBatch
from model_drift_exporter.reference.building.builder import ProfileBuilder, WarningList, shortened
from model_drift_exporter.reference.profile import Column, ReferenceProfile
from model_drift_exporter.reference.profile_file import load_profiles, save_profiles
from tests.sections import build_settings
from tests.support.prediction_log import Row, batch_of, make_rows, profile_of

_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.floats(-1.7e308, 1.7e308),
    st.sampled_from([math.nan, math.inf, -math.inf]),
    st.floats(-100, 100).map(lambda number: round(number, 1)),
    st.sampled_from(["a", "b", "", "b07", "__missing__", "\ud800"]),
)
_VALUES = _SCALARS | st.lists(st.integers(), max_size=2)
_ROWS = st.lists(
    st.fixed_dictionaries(
        {"features": st.fixed_dictionaries({"x": _VALUES, "y": _VALUES, "z": st.floats(-1, 1)})},
        optional={
            "prediction": _VALUES | st.sampled_from(["yes", "no"]),
            "score": st.floats(0, 1) | _SCALARS,
            "label": _VALUES,
            "ts": _VALUES,
            "model_version": st.sampled_from(["1", "2", "", None, "\ud800"]),
        },
    ),
    min_size=1,
    max_size=40,
)
_OPTIONS = build_settings(minimum_count=2)


@pytest.mark.slow
@settings(max_examples=80, deadline=None)
@given(_ROWS, st.lists(st.integers(1, 39), max_size=5), st.sampled_from(["auto", "classification", "regression"]))
def test_any_rows_make_a_sound_profile(rows: list[Row], cuts: list[int], task: str) -> None:
    """Counts sum to the rows in every column, edges ascend, means lie in their bins, and the file gives it all back.

    However the rows come in batches, the profile is the same to the last digit.
    """
    options = build_settings(minimum_count=2, task=task)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        profile = profile_of([batch_of(rows)], options)
    for column in profile.columns:
        assert sum(column.counts.values()) == len(rows), column.name
        assert len(column.counts) == len(column.bins) == len(column.bounds)
        if column.numeric:
            assert all(
                low <= mean <= high for mean, (low, high) in zip(column.means, pairwise(column.edges), strict=True)
            )
            assert column.edges == sorted(column.edges)
            assert math.isfinite(column.standard_deviation)
            assert math.isfinite(column.mean)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "reference.json"
        save_profiles(path, [profile], "2026-01-01T00:00:00Z")
        assert load_profiles(path) == [profile]
    ends = sorted({min(cut, len(rows)) for cut in cuts} | {0, len(rows)})
    assert profile_of([batch_of(rows[low:high]) for low, high in pairwise(ends)], options) == profile


def _column(profile: ReferenceProfile, name: str) -> Column:
    return next(column for column in profile.columns if column.name == name)


def _feature(values: list[Any], **options: Any) -> tuple[ReferenceProfile, Column]:
    profile = profile_of([batch_of([{"features": {"x": value}} for value in values])], build_settings(**options))
    return profile, _column(profile, "x")


def test_shares_of_bins_are_those_of_the_quantiles() -> None:
    """Each bin of a numeric feature holds the share of rows that the design gives it."""
    values = np.random.default_rng(0).normal(size=10_000).tolist()
    _, column = _feature(values)
    shares = [count / 10_000 for count in column.counts.values()][1:-3]
    quantiles = [0.001, 0.01, 0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.95, 0.99, 0.999, 1.0]
    assert shares == pytest.approx(np.diff([0, *quantiles]).tolist())
    assert list(column.counts) == [
        "__below__",
        *(f"b{number:02d}" for number in range(14)),
        "__above__",
        "__missing__",
        "__invalid__",
    ]


def test_moments_are_those_of_the_rows() -> None:
    """Mean, standard deviation and the means in bins are NumPy's, far from zero too."""
    values = np.random.default_rng(1).normal(1.76e9, 3.0, size=5_000)
    _, column = _feature(values.tolist())
    assert column.mean == pytest.approx(values.mean(), abs=1e-6)
    assert column.standard_deviation == pytest.approx(values.std(), rel=1e-6)
    inside = values[(values > column.edges[6]) & (values <= column.edges[7])]
    assert column.means[6] == pytest.approx(inside.mean(), abs=1e-6)


def test_numbers_near_the_largest_float() -> None:
    """Squares beyond a float neither warn nor spoil the file; infinity counts as above."""
    _, column = _feature([-1.7e308, 1.7e308, 0.5, 1.5, math.inf] * 20)
    assert column.counts["__above__"] == 20
    assert column.mean == pytest.approx(0.5, abs=1e295)
    assert column.standard_deviation == pytest.approx(1.7e308 / math.sqrt(2))


def test_special_values_are_counted_in_their_bins() -> None:
    """Missing and wrong values of a number, and those of a text, have bins of their own."""
    _, column = _feature([1.0, 2.0, 3.0, None, math.nan, "4", True, [5]] * 20)
    assert column.numeric
    assert (column.counts["__missing__"], column.counts["__invalid__"]) == (40, 60)
    _, column = _feature(["a", "a", "b", None, 4.0, {"b": 1}] * 20 + ["rare"])
    assert column.counts == {"a": 40, "b": 20, "__other__": 1, "__missing__": 20, "__invalid__": 40}


def test_categories_are_limited() -> None:
    """At most so many categories, each frequent enough, have bins; the rest is other."""
    values = [f"c{index % 30}" for index in range(3_000)]
    _, column = _feature(values, categories=5)
    assert len(column.categories) == 5
    assert column.counts["__other__"] == 2_500
    _, column = _feature([*values, *["few"] * 9])
    assert "few" not in column.counts
    assert len(column.categories) == 20


def test_a_category_named_like_a_bin() -> None:
    """Its bin has a leading underscore, its name is verbatim."""
    _, column = _feature(["b07", "__missing__", "x"] * 20)
    assert set(column.counts) == {"_b07", "___missing__", "x", "__other__", "__missing__", "__invalid__"}
    assert sorted(column.categories) == ["__missing__", "b07", "x"]


def test_forced_kinds() -> None:
    """Numbers can be made categories, and are then known by their text."""
    _, column = _feature([10115.0, 10115.0, 80331.0] * 20, kinds={"x": "categorical"})
    assert column.counts["10115"] == 40
    assert column.accepts_numbers


def test_warnings_have_reasons() -> None:
    """Few rows, constant columns, identifiers and columns with nothing usable are named, with what to do."""
    rows = [
        {
            "features": {
                "constant": 7,
                "user": f"u-{index}",
                "nothing": [index],
                "seldom": 1 if index < 5 else None,
                "x": index % 9,
            }
        }
        for index in range(200)
    ]
    profile = profile_of([batch_of(rows)])
    text = "\n".join(profile.warnings)
    assert "only 200 rows" in text
    assert "feature constant: constant in the reference" in text
    assert "feature user: left out, it looks like an identifier; set features.kinds to keep it" in text
    assert "feature nothing: left out, no value was a number, a string or a bool" in text
    assert "feature seldom: left out, only 5 of 200 rows have it" in text
    assert [column.name for column in profile.features] == ["constant", "x"]
    assert profile_of([batch_of(make_rows(2_000))]).warnings == []


def test_a_feature_whose_name_is_no_unicode_is_left_out() -> None:
    """Half a surrogate pair in a name would spoil every label and file."""
    profile = profile_of([batch_of([{"features": {"x": index % 9, "\ud800": 1}} for index in range(50)])])
    assert [column.name for column in profile.features] == ["x"]
    assert "a feature is left out, its name is no valid Unicode" in profile.warnings


def test_nothing_to_build_from() -> None:
    """Without a row, or a usable feature, the error says what is missing."""
    with pytest.raises(ReferenceProfileError, match="model m: no record with features"):
        ProfileBuilder("m").fix_bins()
    with pytest.raises(ReferenceProfileError, match=r"model m: no usable feature among x: .*feature x: left out"):
        _feature([None] * 50)


def test_outputs_of_a_classifier() -> None:
    """Task, classes, positive class, threshold and the columns derived from a probability."""
    profile = profile_of([batch_of(make_rows(3_000, seed=5, model_version="7"))])
    assert (profile.task, profile.classes, profile.positive_class) == ("classification", ["no", "yes"], "yes")
    assert profile.threshold == pytest.approx(0.4, abs=0.001)
    assert profile.version == "7"
    assert profile.first_time is not None
    assert profile.last_time == profile.first_time + 2_999 * 10
    confidence = _column(profile, "confidence")
    assert confidence.edges[0] == 0
    assert confidence.edges[-1] == 1
    assert confidence.counts["b00"] == 0


def test_outputs_of_a_regression() -> None:
    """The prediction of a regression has numeric bins, and there are no classes."""
    rows = [{"features": {"x": index % 9}, "prediction": index / 7} for index in range(300)]
    profile = profile_of([batch_of(rows)])
    assert profile.task == "regression"
    assert profile.classes == []
    assert _column(profile, "prediction").numeric
    assert profile.column("score") is None


def test_configured_outputs_win() -> None:
    """Task, classes, positive class and threshold can be set."""
    options = build_settings(task="classification", positive_class="no", threshold=0.7, classes=("yes", "no"))
    profile = profile_of([batch_of(make_rows(300))], options)
    assert (profile.classes, profile.positive_class, profile.threshold) == (["yes", "no"], "no", 0.7)
    numbers = [{"features": {"x": index % 9}, "prediction": index % 3} for index in range(300)]
    assert profile_of([batch_of(numbers)]).task == "classification"
    assert profile_of([batch_of(numbers)], build_settings(task="regression")).task == "regression"


def test_features_that_come_late_are_missing_before() -> None:
    """A feature first seen in the second batch counts as missing in the first, and one that stops in the second."""
    early = [{"features": {"x": index % 9}} for index in range(60)]
    late = [{"features": {"y": index % 5}} for index in range(40)]
    profile = profile_of([batch_of(early), batch_of(late)])
    assert _column(profile, "x").counts["__missing__"] == 40
    assert _column(profile, "y").counts["__missing__"] == 60


def test_fingerprint_tells_meaning() -> None:
    """Other counts make another fingerprint; another name, version or warning does not."""
    rows = make_rows(100)
    profile = profile_of([batch_of(rows)])
    assert len(profile.fingerprint) == 12
    assert profile_of([batch_of(rows)], model="other").fingerprint == profile.fingerprint
    assert profile_of([batch_of([*rows[:-1], rows[0]])]).fingerprint != profile.fingerprint
    assert profile_of([batch_of(rows)], build_settings(threshold=0.9)).fingerprint != profile.fingerprint


def test_one_off_predictions_stay_in_the_pod() -> None:
    """No bin, class or warning holds a text that was predicted once; all count as other."""
    for count in (12, 500):
        rows = [{"features": {"x": index % 9}, "prediction": f"order {index} for MR SECRET"} for index in range(count)]
        profile = profile_of([batch_of(rows)])
        assert _column(profile, "prediction").counts == {"__other__": count, "__missing__": 0, "__invalid__": 0}
        assert "SECRET" not in repr(profile)
        assert any("prediction: it looks like an identifier" in warning for warning in profile.warnings)


def test_rare_classes_of_many_count_as_other() -> None:
    """Frequent classes have bins, rare ones of many have not, and a named one has."""
    predictions = [f"c{index % 30}" for index in range(600)] + ["secret"] * 9
    rows = [{"features": {"x": index % 9}, "prediction": name} for index, name in enumerate(predictions)]
    profile = profile_of([batch_of(rows)])
    assert len(profile.classes) == 30
    assert _column(profile, "prediction").counts["__other__"] == 9
    named = profile_of([batch_of(rows)], build_settings(classes=("secret",)))
    assert _column(named, "prediction").counts["secret"] == 9


def test_an_empty_category_and_an_empty_class_have_bins() -> None:
    """The empty text is a value like others, as a feature and as a prediction."""
    rows = [
        {"features": {"x": "" if index % 2 else "a"}, "prediction": "" if index % 2 else "b"} for index in range(60)
    ]
    profile = profile_of([batch_of(rows)])
    for name in ("x", "prediction"):
        assert _column(profile, name).counts["_"] == 30


@pytest.mark.parametrize("positive", [None, "no", "yes"])
def test_bins_of_the_score_are_those_of_the_scores_counted(positive: str | None) -> None:
    """Lists of scores without configured classes: whichever is positive, edges and counts are of the same numbers."""
    chance = np.random.default_rng(3)
    shares = chance.beta(1, 4, size=2_000).tolist()
    rows = [
        {"features": {"x": index % 9}, "prediction": "yes" if share > 0.5 else "no", "scores": [1 - share, share]}
        for index, share in enumerate(shares)
    ]
    profile = profile_of([batch_of(rows)], build_settings(positive_class=positive))
    score = _column(profile, "score")
    assert profile.positive_class == (positive or "yes")
    assert score.mean == pytest.approx(np.mean(shares) if positive != "no" else 1 - np.mean(shares))
    assert score.counts["b06"] == 300  # from 35 to 50 %
    assert score.counts["__below__"] == score.counts["__above__"] == 0


def test_scores_of_a_wrong_shape_are_invalid() -> None:
    """A list of three or of none, or an object of other names, is an invalid score of two classes; null is missing."""
    scores: list[object] = [[0.7, 0.3], [0.4, 0.6]] * 50 + [[0.1, 0.2, 0.7], [], {}, None]
    rows = [
        {"features": {"x": index % 9}, "prediction": "no" if index % 2 else "yes", "scores": value}
        for index, value in enumerate(scores)
    ]
    score = _column(profile_of([batch_of(rows)]), "score")
    assert (score.counts["__invalid__"], score.counts["__missing__"]) == (3, 1)


def test_scores_of_more_classes_than_have_bins() -> None:
    """Lists of 150 scores are read whole, although 100 classes have a bin."""
    rows: list[Row] = []
    for index in range(300):
        row = [0.1 / 149] * 150
        row[index % 150] = 0.9
        rows.append({"features": {"x": index % 9}, "prediction": index % 150, "label": 149, "scores": row})
    profile = profile_of([batch_of(rows)])
    assert (len(profile.classes), len(profile.score_columns)) == (100, 150)
    assert _column(profile, "score").counts["__invalid__"] == 0
    assert _column(profile, "score").mean == pytest.approx(0.9)
    assert profile.loss["log_loss"].rows == 300


def test_a_value_far_out_is_named() -> None:
    """One wild value makes the standard deviation useless: the warning names its column, never the value."""
    values = [*np.random.default_rng(0).normal(size=2_000).tolist(), 1e308]
    rows = [{"features": {"x": value}, "prediction": value} for value in values]
    profile = profile_of([batch_of(rows)])
    assert [warning.split(" or more")[0] for warning in profile.warnings] == ["feature x: 1", "prediction: 1"]
    assert "308" not in repr(profile.warnings)


def test_why_nothing_can_be_built_comes_first() -> None:
    """The reasons for each feature are said, five of them and the number of the others, not that rows are few."""
    rows = [{"features": {f"id{index}": 1}} for index in range(500)]
    with pytest.raises(ReferenceProfileError) as caught:
        profile_of([batch_of(rows)])
    text = str(caught.value)
    assert text.startswith(
        "model m: no usable feature among id0, id1, id2, id3, id4, ... and 495 more: feature id0: left out, only 1 of 500"
    )
    assert text.endswith("feature id4: left out, only 1 of 500 rows have it; ... and 495 more")
    assert "small drift" not in text
    builder = ProfileBuilder("m", learned=True)
    builder.survey(batch_of([{"features": {"x": None}}]))
    with pytest.raises(ReferenceProfileError, match="among x: no record has a value of one"):
        builder.fix_bins()


def test_hundreds_of_warnings_are_a_few() -> None:
    """Ids as keys are named five times, then counted; other warnings are not lost among them."""
    rows = [{"features": {f"id{index}": 1, "x": 7}} for index in range(500)]
    warnings = profile_of([batch_of(rows)]).warnings
    assert [text.split(":")[0] for text in warnings[1:]] == [
        "feature id0",
        "feature x",
        *(f"feature id{index}" for index in range(1, 5)),
        "... and 495 more warnings of the same kinds, 502 in all",
    ]


def test_labelled_rows_have_outcomes_in_the_order_of_time() -> None:
    """Errors that come in runs of 50 hours have a design effect, also where the file has the rows in another order."""
    rows = make_rows(2_000, step=3_600.0)
    for index, row in enumerate(rows):
        wrong = index // 50 % 4 == 1
        row["label"] = {"yes": "no", "no": "yes"}[row["prediction"]] if wrong else row["prediction"]
    random.Random(0).shuffle(rows)
    outcomes = profile_of([batch_of(rows[:700]), batch_of(rows[700:])]).outcomes
    assert outcomes is not None
    assert (outcomes.rows, outcomes.loss.mean) == (2_000, 0.25)
    assert outcomes.loss.design_effect > 20
    assert profile_of([batch_of(make_rows(300))]).outcomes is None


def test_few_warnings_are_all_there() -> None:
    """Up to five of a kind are said as they are, in order."""
    warnings = WarningList()
    for index in range(5):
        warnings.add("a", f"a{index}")
        warnings.add("b", f"b{index}")
    assert warnings.texts() == [f"{kind}{index}" for index in range(5) for kind in "ab"]


def test_many_warnings_of_one_kind_hide_no_other() -> None:
    """Of hundreds of a kind five are said and the others counted; a warning of another kind is still there."""
    warnings = WarningList()
    for index in range(500):
        warnings.add("left out", f"left out {index}")
    warnings.add("other", "other")
    assert warnings.texts() == [
        *(f"left out {index}" for index in range(5)),
        "other",
        "... and 495 more warnings of the same kinds, 501 in all",
    ]


def test_a_long_list_is_cut() -> None:
    """The first five, then how many more."""
    assert shortened(["a", "b"], ", ") == "a, b"
    assert shortened([*"abcdefg"], "; ") == "a; b; c; d; e; ... and 2 more"
    assert shortened([], ", ") == ""


def test_a_model_that_learns_writes_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """However much the builder keeps of its rows: a sidecar's disks may be read-only."""

    def refuse(**_: object) -> None:
        raise OSError

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    values = np.random.default_rng(0).normal(size=(60, 5_000))
    features = {f"x{row}": each.tolist() for row, each in enumerate(values)}
    batch = RecordBatch.of(5_000, features, prediction=[index % 2 for index in range(5_000)])
    builder = ProfileBuilder("m", learned=True)
    builder.survey(batch)
    builder.fix_bins()
    builder.count(batch)
    assert builder.profile().rows == 5_000


def test_numbers_of_a_text_format_are_those_of_any_other() -> None:
    """Values that are none, or are missing, among them; also of a feature that is numeric because the user says so."""
    texts = [str(index % 70 / 4) if index % 9 else ("", "broken")[index % 2] for index in range(900)]
    raw: list[object] = [float(each) if each not in ("", "broken") else [] if each else None for each in texts]
    profiles = []
    for values, text in ((texts, True), (raw, False)):
        builder = ProfileBuilder("m", build_settings(kinds={"x": "numeric"}))
        batch = RecordBatch.of(900, {"x": values}, text=text)
        builder.survey(batch)
        builder.fix_bins()
        builder.count(batch)
        profiles.append(builder.profile())
    assert profiles[0].features[0] == profiles[1].features[0]
    assert profiles[0].features[0].counts["__invalid__"] == texts.count("broken") > 0
