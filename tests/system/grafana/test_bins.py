"""Shares by bin, asked of the real Prometheus for counts that are known."""

from __future__ import annotations

from pathlib import Path

import pytest

from grafana.src.bins import (
    END,
    difference_beyond_chance,
    last_known,
    of_reference_in_use,
    one_row_at_least,
    only_seen,
    selector,
    share_in_reference,
    share_last_week,
    share_now,
    side_by_side,
    with_usual,
)
from tests.grafana.given_bins import FILES, LEVEL, asked, bins, column, exported, model
from tests.support.promtool import check_values
from tests.support.rule_series import labelled, series


def _of_range(expression: str) -> str:
    """A range query as one value of each series: what is constant over the range stays at its end, an hour."""
    return asked(expression.replace(END, " @ 3600"), time_range="1h")


def test_a_roll_out_shows_the_reference_that_most_replicas_use(tmp_path: Path) -> None:
    """Bins of two references have two meanings; one bar is never made of both."""
    new, old = {"red": 3, "blue": 1}, {"red": 1, "green": 9}
    inputs = [
        *(each for name in ("a", "b") for each in (*model(name, "new"), *exported(name, new))),
        *model("c", "old"),
        *exported("c", old),
        *column(new, new),
        *column(old, old, reference="old"),
        series(f"{LEVEL}:feature_psi:reference1h", "0.5x10", model="m", feature="f", reference="new"),
        series(f"{LEVEL}:feature_psi:reference1h", "7x10", model="m", feature="f", reference="old"),
    ]
    expected = {
        asked(share_now("feature", "1h")): bins({("3blue", "blue"): 0.25, ("3red", "red"): 0.75}),
        asked(f"max({of_reference_in_use(f'{LEVEL}:feature_psi:reference1h')})"): {"{}": 0.5},
        # A week ago none of the two was there.
        asked(share_last_week("feature", "1h")): {},
    }
    check_values(tmp_path, inputs, expected, at="5m", files=FILES)


def test_what_chance_can_do_is_no_difference(tmp_path: Path) -> None:
    """Three standard errors of both samples are the limit, however small the reference's share."""
    was = {"red": 5_000, "blue": 4_990, "green": 10}
    now = {"red": 40, "blue": 59, "green": 1}
    inputs = [*model("a", "new"), *exported("a", was), *column(now, was)]
    none = {("3blue", "blue"): 0.0, ("3green", "green"): 0.0, ("3red", "red"): 0.0}
    expected = {asked(difference_beyond_chance("feature", "1h")): bins(none)}
    check_values(tmp_path, inputs, expected, at="5m", files=FILES)


def test_what_chance_can_hardly_do_is_a_difference(tmp_path: Path) -> None:
    """With its sign: more than in the reference is positive."""
    was = {"red": 5_000, "blue": 4_990, "green": 10}
    now = {"red": 25, "blue": 50, "green": 25}
    inputs = [*model("a", "new"), *exported("a", was), *column(now, was)]
    moved = {("3blue", "blue"): 0.0, ("3green", "green"): 0.249, ("3red", "red"): -0.25}
    expected = {asked(difference_beyond_chance("feature", "1h")): bins(moved)}
    check_values(tmp_path, inputs, expected, at="5m", files=FILES)


def test_bins_that_never_were_can_be_left_out(tmp_path: Path) -> None:
    """Not those of the reference, nor those that are there now."""
    was, now = {"red": 9, "blue": 1, "__other__": 0, "__missing__": 0}, {"red": 3, "__other__": 1, "__missing__": 0}
    inputs = [*model("a", "new"), *exported("a", was), *column({**now, "blue": 0}, was)]
    seen = {("3blue", "blue"): 0.0, ("3red", "red"): 0.75, ("4", "rare or unseen"): 0.25}
    rows = asked(only_seen("feature", "1h", share_now("feature", "1h")))
    check_values(tmp_path, inputs, {rows: bins(seen)}, at="5m", files=FILES)


def test_rows_say_what_is_usual(tmp_path: Path) -> None:
    """The share in the reference stands beside the name."""
    was, now = {"red": 9, "blue": 1}, {"red": 1, "blue": 1}
    inputs = [*model("a", "new"), *exported("a", was), *column(now, was)]
    query = asked(with_usual(share_now("feature", "1h"), share_in_reference("feature")))
    rows = {
        labelled("", order="3blue", text="blue", usual="10", row="blue, usual 10 %"): 0.5,
        labelled("", order="3red", text="red", usual="90", row="red, usual 90 %"): 0.5,
    }
    check_values(tmp_path, inputs, {query: rows}, at="5m", files=FILES)


def test_history_stays_when_the_exporter_has_gone(tmp_path: Path) -> None:
    """An hour later the shares of the time before still have their texts; only those of now are gone."""
    counts = {"red": 3, "blue": 1}
    inputs = [*model("a", "new"), *exported("a", counts), *column({"red": 1, "blue": 1}, counts)]
    reference = {("3blue", "blue"): 0.25, ("3red", "red"): 0.75}
    now = f"max_over_time({share_now('feature', '1h')}[1h:1m])"
    difference = f"max_over_time(abs({difference_beyond_chance('feature', '1h')})[1h:1m])"
    expected = {
        asked(share_in_reference("feature", END), time_range="1h"): bins(reference),
        asked(share_now("feature", "1h"), time_range="1h"): {},
        _of_range(now): bins({("3blue", "blue"): 0.5, ("3red", "red"): 0.5}),
        _of_range(difference): bins({("3blue", "blue"): 0.0, ("3red", "red"): 0.0}),
    }
    check_values(tmp_path, inputs, expected, at="1h", files=FILES)


def test_of_an_exporter_that_has_gone_the_last_reference_counts(tmp_path: Path) -> None:
    """Not one that it had before, and never both."""
    old, new = {"red": 3, "green": 1}, {"red": 1, "blue": 3}
    later = "_x6 "
    inputs = [
        *model("a", "old", span="x5"),
        *exported("a", old, span="x5"),
        *column(old, old, reference="old"),
        *model("a", "new", before=later),
        *exported("a", new, before=later),
        *column(new, new),
    ]
    shares = {("3blue", "blue"): 0.75, ("3red", "red"): 0.25}
    expected = {asked(share_in_reference("feature", END), time_range="1h"): bins(shares)}
    check_values(tmp_path, inputs, expected, at="1h", files=FILES)


def test_nothing_is_one_row_that_says_why(tmp_path: Path) -> None:
    """And no such row stands beside others."""
    counts = {"red": 3, "blue": 1}
    inputs = [*model("a", "new"), *exported("a", counts), *column(counts, counts)]
    needed = last_known(f"{LEVEL}:feature_observations:increase1h{selector('feature')}")
    query = one_row_at_least(share_now("feature", "1h"), needed, "no values")
    expected = {
        asked(query): bins({("3blue", "blue"): 0.25, ("3red", "red"): 0.75}),
        asked(query, feature="g"): bins({("0", "no values"): 0.0}),
    }
    check_values(tmp_path, inputs, expected, at="5m", files=FILES)


@pytest.mark.parametrize("name", ['say "x"', "o'clock", "back\\slash"])
def test_names_may_have_quotes(name: str, tmp_path: Path) -> None:
    """Single and double ones, and backslashes; only a back quote would end the name."""
    own = {"model": "m", "reference": "new", "feature": name}
    inputs = [*model("a", "new"), *exported("a", {"red": 1}, feature=name)]
    inputs += [
        series(f"{LEVEL}_bin:feature_observations:increase1h", "1x10", bin="red", **own),
        series(f"{LEVEL}:feature_observations:increase1h", "1x10", **own),
    ]
    expected = {asked(share_now("feature", "1h"), feature=name): bins({("3red", "red"): 1.0})}
    check_values(tmp_path, inputs, expected, at="5m", files=FILES)


def test_a_table_of_bins_is_sorted_and_its_helpers_are_hidden() -> None:
    """A query that finds nothing has no column; if one is left alone, it is the last, which finds all bins."""
    names, _, ordered, arranged = [each.options for each in side_by_side({"A": "Now", "B": "Reference"})]
    assert isinstance(names, dict)
    assert isinstance(arranged, dict)
    assert names["include"]["names"] == ["text", "order", "Value #A", "Value #B", "Value"]
    assert ordered == {"sort": [{"field": "order"}]}
    assert arranged["excludeByName"] == {"order": True}
    assert arranged["renameByName"] == {
        "text": "Bin",
        "Value #A": "Now",
        "Value #B": "Reference",
        "Value": "Reference",
    }
