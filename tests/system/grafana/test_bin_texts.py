"""How bins are called and ordered, by the real Prometheus."""

from __future__ import annotations

from pathlib import Path

from grafana.src.bins import share_in_reference, share_now
from tests.grafana.given_bins import AGE, AGE_BOUNDS, COLOUR, FILES, asked, bins, column, exported, model
from tests.support.promtool import check_values
from tests.support.rule_series import series


def test_bins_of_numbers_are_named_by_their_bounds(tmp_path: Path) -> None:
    """They sort from below to above, special ones last; bounds have no digits that nobody reads."""
    now = {"__below__": 1, "b00": 2, "b01": 3, "b02": 4, "__above__": 5, "__missing__": 5, "__invalid__": 0}
    inputs = [*model("a", "new"), *exported("a", AGE, AGE_BOUNDS), *column(now, AGE)]
    names = [
        ("0", "below 18"),
        ("1b00", "18 – 20.5"),
        ("1b01", "20.5 – 33.3333"),
        ("1b02", "33.3333 – 60.4"),
        ("2", "above 60.4"),
        ("5", "missing"),
        ("6", "invalid"),
    ]
    live = [0.05, 0.1, 0.15, 0.2, 0.25, 0.25, 0.0]
    was = [0, 0.1, 0.3, 0.5, 0, 0.1, 0]
    expected = {
        asked(share_now("feature", "$window")): bins(dict(zip(names, live, strict=True))),
        asked(share_in_reference("feature")): bins(dict(zip(names, was, strict=True))),
    }
    check_values(tmp_path, inputs, expected, at="5m", files=FILES)
    assert names == sorted(names)


def test_categories_have_their_own_names(tmp_path: Path) -> None:
    """Also those that look like another bin, or like nothing."""
    inputs = [*model("a", "new"), *exported("a", COLOUR), *column(COLOUR, COLOUR)]
    names = ["red", "b07", "_b01", "empty text", "rare or unseen", "missing", "invalid"]
    orders = ["3red", "3_b07", "3__b01", "3_", "4", "5", "6"]
    shares = dict(zip(zip(orders, names, strict=True), [0.4, 0.3, 0.1, 0.2, 0.0, 0.0, 0.0], strict=True))
    expected = {asked(share_now("feature", "1h")): bins(shares)}
    check_values(tmp_path, inputs, expected, at="5m", files=FILES)


def test_bounds_of_predictions_come_from_values(tmp_path: Path) -> None:
    """The lower bound of a range is the upper one of the range before."""
    counts = {"__below__": 0, "b00": 1, "b01": 3, "__above__": 0, "__missing__": 0, "__invalid__": 0}
    target = {"job": "j", "instance": "a", "model": "m"}
    inputs = [
        *model("a", "new"),
        *column(counts, counts, role="prediction"),
        *(
            series("model_prediction_reference_bin_upper_bound", f"{value}x10", bin=bin_, **target)
            for bin_, value in {"b00": 0.25, "b01": 0.8125}.items()
        ),
        *(
            series(
                "model_reference_bin:prediction_reference_bin_mean:max",
                f"{value}x10",
                model="m",
                reference="new",
                bin=bin_,
            )
            for bin_, value in {"__below__": -1, "b00": 0.1, "b01": 0.5, "__above__": 0.8125}.items()
        ),
    ]
    shares = {
        ("0", "below -1"): 0.0,
        ("1b00", "-1 – 0.25"): 0.25,
        ("1b01", "0.25 – 0.8125"): 0.75,
        ("2", "above 0.8125"): 0.0,
        ("5", "missing"): 0.0,
        ("6", "invalid"): 0.0,
    }
    expected = {asked(share_now("prediction", "1h")): bins(shares)}
    check_values(tmp_path, inputs, expected, at="5m", files=FILES)


def test_large_bounds_have_no_decimals(tmp_path: Path) -> None:
    """Prices and incomes: nobody reads cents, and rows of long names leave no room for what they are about."""
    counts = {"__below__": 0, "b00": 1, "b01": 1, "__above__": 0}
    bounds = (("-Inf", "999.25"), ("999.25", "98962.47"), ("98962.47", "1566056.71"))
    inputs = [*model("a", "new"), *exported("a", counts, bounds), *column(counts, counts)]
    named = {("0", "below 999.25"): 0.0, ("1b00", "999.25 – 98962"): 0.5, ("1b01", "98962 – 1566056"): 0.5}
    named[("2", "above 1566056")] = 0.0
    check_values(tmp_path, inputs, {asked(share_now("feature", "1h")): bins(named)}, at="5m", files=FILES)
