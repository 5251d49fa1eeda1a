from __future__ import annotations

import pytest

from scripts.generated import between


def test_only_what_stands_between_the_marks_is_replaced() -> None:
    """The marks stay, and a body may hold what a pattern would understand."""
    assert between("a <b> old\n <e> c", "<b>", "<e>", r"\1 new") == r"a <b>\1 new<e> c"


@pytest.mark.parametrize("text", ["<b>", "<e>", "<e> <b>", "<b> <e> <e>", "<b> <b> <e>"])
def test_marks_that_are_not_there_once_in_order_are_told(text: str) -> None:
    """A page that has lost one would lose its table without a word."""
    with pytest.raises(ValueError, match="'<b>' and '<e>' must be there once"):
        between(text, "<b>", "<e>", "new")
