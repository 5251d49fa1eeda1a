from __future__ import annotations

import math

from hypothesis import example, given
from hypothesis import strategies as st

from model_drift_exporter.reference.codes import CategoricalCoder, NumericCoder, coder_of
from model_drift_exporter.reference.profile import Column
from tests.support.raw_values import COLUMNS, as_float

EDGES = st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=2, max_size=8).map(sorted)
TEXTS = st.lists(
    st.one_of(
        st.sampled_from(
            [
                "",
                "1",
                " 2 ",
                "-0.5",
                "1e999",
                "NaN",
                "nan ",
                "NA",
                "n/a",
                "null",
                "None",
                "  ",
                "inf",
                "gold",
                "1,5",
                "1_0",
                "\N{FULLWIDTH DIGIT TWO}",
                "\N{NO-BREAK SPACE}2",
            ]
        ),
        st.floats().map(repr),
        st.text(max_size=4),
    ),
    max_size=12,
)


def numeric_code(value: object, edges: list[float]) -> int:
    """The bin of one value, after the text of DESIGN D1 and D12."""
    ordinals = len(edges) - 1
    if value is None or value != value:  # noqa: PLR0124 - NaN
        return ordinals + 2
    if isinstance(value, bool) or not isinstance(value, int | float):
        return ordinals + 3
    number = as_float(value)
    if number < edges[0]:
        return 0
    if number == edges[0]:
        return 1
    for ordinal in range(1, ordinals + 1):
        if edges[ordinal - 1] < number <= edges[ordinal]:
            return ordinal
    return ordinals + 1


@given(COLUMNS, EDGES)
@example([True, 1, 1.0, "1", None, math.nan, -math.inf, math.inf, 10**400, [], {}], [1.0, 2.0])
@example([0.0, -0.0, -5e-324, 5e-324], [0.0, 0.0])
@example([-math.inf, -1.7976931348623157e308], [-1.7976931348623157e308, 1.7976931348623157e308])
def test_numbers_fall_into_the_bins_of_the_reference(values: list[object], edges: list[float]) -> None:
    """Closed on the right, the first bin on the left too; below, above, missing and invalid for all the rest."""
    assert NumericCoder(edges).codes(values).tolist() == [numeric_code(value, edges) for value in values]


def text_number(text: str) -> object:
    """What a cell of a CSV file holds: ``None`` if missing, a number, or the text itself."""
    if text.strip().lower() in {"", "na", "n/a", "nan", "null", "none"}:
        return None
    if "_" in text or not text.isascii():
        return text
    try:
        return float(text)
    except ValueError:
        return text


@given(TEXTS, EDGES)
def test_texts_are_numbers_if_they_can_be_read_as_such(texts: list[str], edges: list[float]) -> None:
    """In CSV empty cells and the common words for nothing are missing, what is no number is invalid."""
    expected = [numeric_code(text_number(text), edges) for text in texts]
    assert NumericCoder(edges).codes(texts, text=True).tolist() == expected
    assert [int(NumericCoder(edges).codes([text], text=True)[0]) for text in texts] == expected


def categorical_code(value: object, categories: list[str], *, accepts_numbers: bool) -> int:
    """The bin of one value; numbers are compared by their shortest text, whole ones without a point."""
    if value is None or value != value:  # noqa: PLR0124 - NaN
        return len(categories) + 1
    if isinstance(value, bool):
        name = str(value).lower()
    elif isinstance(value, str):
        name = value
    elif isinstance(value, int | float) and accepts_numbers:
        whole = isinstance(value, int) or (value.is_integer() and abs(value) < 2**53)
        name = str(int(value)) if whole else repr(value)
    else:
        return len(categories) + 2
    return categories.index(name) if name in categories else len(categories)


CATEGORIES = st.lists(
    st.sampled_from(
        ["0", "1", "-1", "007", "true", "false", "1.0", "2", "gold", "", "nan", "None", "٣", "9007199254740992"]
    ),
    unique=True,
    max_size=8,
)


@given(COLUMNS, CATEGORIES, st.booleans())
@example([True, 1, 1.0, "1", "true", 0, False, 7, "007"], ["1", "true", "007"], True)
@example([1, 0, 7, None], ["1", "true", "007"], True)
@example([1, 1.0, True], ["1", "true"], False)
def test_categories_are_compared_as_text(values: list[object], categories: list[str], accepts_numbers: bool) -> None:
    """1, 1.0, true and "1" are never confused, however they are mixed in a column; numbers count where they may."""
    coder = CategoricalCoder(categories, accepts_numbers=accepts_numbers)
    expected = [categorical_code(value, categories, accepts_numbers=accepts_numbers) for value in values]
    assert coder.codes(values).tolist() == expected
    assert [int(coder.codes([value])[0]) for value in values] == expected


@given(st.lists(st.sampled_from(["", "NA", "gold", "x"])))
def test_an_empty_text_is_missing_in_csv_only(texts: list[str]) -> None:
    """In CSV only the empty cell is missing (NA may be Namibia); in JSON the empty string is a category of its own."""
    coder = CategoricalCoder(["gold", "NA"])
    assert coder.codes(texts, text=True).tolist() == [{"gold": 0, "NA": 1, "x": 2, "": 3}[text] for text in texts]
    assert coder.codes(texts).tolist() == [{"gold": 0, "NA": 1, "x": 2, "": 2}[text] for text in texts]


def test_unknown_categories_are_not_remembered() -> None:
    """A million unseen categories leave no trace in the coder."""
    coder = CategoricalCoder(["a"])
    before = len(coder._by_text)
    coder.codes([str(number) for number in range(1_000)])
    assert len(coder._by_text) == before


def test_each_kind_of_column_has_its_coder() -> None:
    """The reference column says how its values are read."""
    numeric = Column(name="n", role="feature", kind="numeric", counts={}, edges=[0.0, 1.0])
    categorical = Column(
        name="c", role="feature", kind="categorical", counts={}, categories=["1"], accepts_numbers=True
    )
    assert coder_of(numeric).codes([0.5, 2.0]).tolist() == [1, 2]
    assert coder_of(categorical).codes([1, 2.0]).tolist() == [0, 1]
    assert coder_of(Column(name="c", role="feature", kind="categorical", counts={}, categories=["1"])).codes(
        [1]
    ).tolist() == [3]
