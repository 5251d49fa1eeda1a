from __future__ import annotations

from collections.abc import Sequence

import pytest

from model_drift_exporter.reference.class_names import ClassNames, NameTally, class_order, select_classes


def _tally(names: Sequence[str | None]) -> NameTally:
    tally = NameTally()
    tally.add(names, len(names))
    return tally


def _select(
    predicted: Sequence[str | None],
    labelled: Sequence[str | None] = (),
    scored: Sequence[str] = (),
    named: Sequence[str] = (),
) -> ClassNames:
    return select_classes(_tally(predicted), _tally(labelled), _tally(scored), named=named, minimum_count=10)


def _numbered(count: int, times: int = 1) -> list[str]:
    return [f"c{index:03d}" for index in range(count)] * times


def test_few_classes_are_kept_however_rare() -> None:
    """Up to twenty different names are classes, also one that was seen once."""
    found = _select([*_numbered(19, 5), "rare"])
    assert set(found.counts) == {*_numbered(19), "rare"}
    assert found.left_out == 0


def test_of_many_classes_the_rare_ones_are_left_out() -> None:
    """With more than twenty names those predicted or labelled less than the minimum together are no classes."""
    found = _select([*_numbered(25, 12), "once", *["nine"] * 9, *["both"] * 6], [*["both"] * 4, "twice", "twice"])
    assert set(found.counts) == {*_numbered(25), "both"}
    assert found.left_out == 3
    assert not found.identifier


def test_at_most_a_hundred_classes() -> None:
    """The most frequent ones are kept."""
    found = _select(_numbered(120, 10) + _numbered(120)[20:])
    assert set(found.counts) == {*_numbered(120)[20:]}
    assert found.left_out == 20


def test_classes_named_by_the_user_are_kept() -> None:
    """Whatever their count, also where predictions look like identifiers, and they do not crowd out others."""
    assert set(_select([*_numbered(30, 10), "rare"], named=["rare", "never"]).counts) == {
        *_numbered(30),
        "rare",
        "never",
    }
    assert set(_select(_numbered(200), named=["c007"]).counts) == {"c007"}


@pytest.mark.parametrize(("rows", "kept"), [(9, True), (10, False), (15, False), (500, False)])
def test_one_off_texts_are_no_classes(rows: int, kept: bool) -> None:
    """Where (nearly) every prediction is a new text none is a class; of fewer than ten rows nobody can tell."""
    texts = [f"order {index} for MR SECRET" for index in range(rows)]
    found = _select(texts, texts[:5])
    assert bool(found.counts) == kept
    assert found.identifier != kept


def test_nearly_every_text_new_is_nine_in_ten() -> None:
    """A few repeated texts do not make classes of the others; many do."""
    assert _select([*_numbered(18), "c000", "c001"]).identifier
    assert not _select([*_numbered(17), "c000", "c001", "c002"]).identifier


def test_labels_and_scores_that_look_like_identifiers_add_no_class() -> None:
    """Free text as a label, or ids as keys of scores, stay out; the predictions are classes all the same."""
    texts = [f"note {index}" for index in range(12)]
    for found in (_select(["yes", "no"] * 6, labelled=texts), _select(["yes", "no"] * 6, scored=texts)):
        assert set(found.counts) == {"yes", "no"}
        assert found.left_out == 12
        assert not found.identifier


def test_names_that_no_label_can_hold_are_not_counted() -> None:
    """Neither half a surrogate pair nor nothing; the empty text is a name."""
    assert dict(_tally(["\ud800", None, "", "a"]).counts) == {"": 1, "a": 1}


def test_memory_is_bounded() -> None:
    """Beyond 20,000 different names new ones are taken for different, known ones go on being counted."""
    tally = _tally(_numbered(20_000))
    tally.add(["new", "newer", "c000"], 3)
    assert (len(tally.counts), len(tally), tally.counts["c000"]) == (20_000, 20_002, 2)
    assert tally.identifier


def test_numbers_come_first_and_by_size() -> None:
    """Classes 2 and 10 are not ordered as text."""
    assert sorted(["b", "10", "2", "a", "-1"], key=class_order) == ["2", "10", "-1", "a", "b"]
