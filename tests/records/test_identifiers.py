from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from model_drift_exporter.records.identifiers import hash_identifiers, hash_numbers

_IDENTIFIERS = st.one_of(st.text(max_size=90), st.integers(), st.floats(), st.none(), st.booleans(), st.just([1]))


def _hash(value: object) -> int:
    return int(hash_identifiers([value])[0][0])


@given(st.lists(_IDENTIFIERS, min_size=1, max_size=30))
def test_a_hash_does_not_depend_on_its_neighbours(values: list[object]) -> None:
    """Whatever else is in the batch, an identifier has the hash that it has alone."""
    hashes, known = hash_identifiers(values)
    alone = [hash_identifiers([value]) for value in values]
    assert hashes.tolist() == [int(each[0][0]) for each in alone]
    assert known.tolist() == [bool(each[1][0]) for each in alone]


def test_hashes_are_the_same_in_every_process() -> None:
    """Hashes are part of what replicas and snapshots share: they never change."""
    assert _hash("order-17") == 6872056519056666622
    assert _hash("x" * 100) == 8194992865999243427


def test_a_whole_number_is_one_identifier_however_it_is_written() -> None:
    """42, 42.0 and "42" are the same, also beyond what a float holds; "042" and 42.5 are others."""
    assert _hash(42) == _hash(42.0) == _hash("42")
    assert len({_hash(42), _hash("042"), _hash(42.5), _hash(-42), _hash("42 ")}) == 5
    assert _hash(2**63 + 1) == _hash(str(2**63 + 1)) != _hash(2**63)


def test_what_is_no_identifier_is_told() -> None:
    """Null, the empty text, booleans, NaN, lists and objects identify nothing."""
    values: list[object] = [None, "", True, float("nan"), [1], {"a": 1}, 0, "0"]
    assert hash_identifiers(values)[1].tolist() == [False] * 6 + [True] * 2
    assert hash_identifiers([])[0].tolist() == []


def test_a_zero_byte_and_a_long_identifier_count() -> None:
    """Nothing is cut off: neither zeros at the end nor what comes after the 64th byte, whatever the script."""
    texts = ["a", "a\0", "a\0\0", "x" * 64, "x" * 65, "x" * 64 + "y", "é" * 40, "é" * 39 + "e", "\ud800"]
    assert len({_hash(text) for text in texts}) == len(texts)


def test_a_number_has_one_hash_wherever_a_batch_begins() -> None:
    """No two numbers have the same one."""
    assert hash_numbers(0, 10)[3:].tolist() == hash_numbers(3, 7).tolist()
    assert len(np.unique(hash_numbers(5, 1_000))) == 1_000
