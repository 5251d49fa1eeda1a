from __future__ import annotations

from model_drift_exporter.reference.warning_list import WarningList, shortened


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
