from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_drift_exporter.labels.live_versions import VERSIONS, LiveVersions

Mask = npt.NDArray[np.bool_]


def _superseded(live: LiveVersions, versions: list[int], asked: int, *, first: int = 0, step: float = 60.0) -> Mask:
    """Whether a version is superseded just after each of some predictions, which are ``step`` seconds apart."""
    size = len(versions)
    now = np.linspace(first * step, (first + size - 1) * step, size)
    version, ask = np.array(versions, dtype=np.uint8), np.full(size, asked, dtype=np.uint8)
    return live.superseded(now, version, np.zeros(size, dtype=np.bool_), ask, np.arange(size))


def test_a_release_supersedes_the_version_before_soon() -> None:
    """After 200 predictions of the next one, and ten minutes."""
    live = LiveVersions()
    assert not _superseded(live, [1] * 300, 1).any()
    found = _superseded(live, [2] * 300, 1, first=300)
    assert found.tolist() == [False] * 199 + [True] * 101
    assert not _superseded(live, [2] * 300, 2, first=600).any()
    quick = LiveVersions()
    _superseded(quick, [1] * 10, 1, step=0.1)
    assert int(_superseded(quick, [2] * 9_000, 1, first=10, step=0.1).argmax()) == pytest.approx(6_000, abs=10)


def test_a_canary_and_its_model_are_both_live() -> None:
    """Five of a hundred predictions are of the one, the others of the other."""
    canary = (np.random.default_rng(1).random(20_000) < 0.05).astype(int) + 1
    for asked in (1, 2):
        assert _superseded(LiveVersions(), canary.tolist(), asked)[400:].mean() < 0.001


def test_what_comes_back_stays_live_for_longer() -> None:
    """Two versions take turns, a thousand predictions each: from the second turn on neither supersedes the other."""
    live = LiveVersions()
    turns = [_superseded(live, [1 + turn % 2] * 1_000, 1, first=1_000 * turn) for turn in range(6)]
    assert [turn.any() for turn in turns] == [False, True, False, False, False, False]
    gone = _superseded(live, [2] * 3_000, 1, first=6_000)
    assert int(gone.argmax()) == pytest.approx(1_000, abs=2)


def test_predictions_that_name_no_version_are_live() -> None:
    """And labels are no predictions: they supersede nothing."""
    live = LiveVersions()
    assert not _superseded(live, [1] * 500, 0).any()
    labels = np.ones(900, dtype=np.bool_)
    ask, nothing = np.ones(900, dtype=np.uint8), np.zeros(900, dtype=np.uint8)
    now = np.linspace(30_000.0, 84_000.0, 900)
    assert not live.superseded(now, nothing, labels, ask, np.arange(900)).any()


@given(st.lists(st.integers(0, 3), min_size=1, max_size=40), st.lists(st.integers(0, 4_000), max_size=6))
def test_batches_and_restarts_do_not_matter(runs: list[int], cuts: list[int]) -> None:
    """Versions in runs of a hundred predictions, cut anywhere."""
    versions = np.repeat(runs, 100).astype(np.uint8)
    size = len(versions)
    now, nothing = np.linspace(0.0, (size - 1) * 60.0, size), np.zeros(size, dtype=np.bool_)
    asked = (np.arange(size) % 4).astype(np.uint8)
    expected = LiveVersions().superseded(now, versions, nothing, asked, np.arange(size))
    live, found = LiveVersions(), []
    ends = [0, *sorted(min(cut, size) for cut in cuts), size]
    for first, last in pairwise(ends):
        if first < last:
            state, live = live.snapshot(), LiveVersions()
            live.restore(state)
            part = slice(first, last)
            found.append(
                live.superseded(now[part], versions[part], nothing[part], asked[part], np.arange(last - first))
            )
    assert np.concatenate(found).tolist() == expected.tolist()


def test_a_snapshot_of_other_versions_is_refused() -> None:
    """Their number is fixed."""
    state = LiveVersions().snapshot()
    with pytest.raises(ValueError, match="versions"):
        LiveVersions().restore(state | {"time": np.zeros(VERSIONS)})


def test_a_clock_that_was_wrong_is_forgotten() -> None:
    """The time at which a version was last seen is no later than the clock."""
    live = LiveVersions()
    _superseded(live, [1] * 10, 1, first=10**6)
    live.set_back(0.0)
    assert _superseded(live, [2] * 300, 1).any()
