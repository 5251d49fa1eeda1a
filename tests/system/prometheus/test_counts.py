from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.support.promtool import wrong_values
from tests.support.rule_series import labelled, series

_FILES = ("counts.yml", "drift-1h.yml")
_HOUR = "model_reference_feature_bin:feature_observations:increase1h"

_Series = list[dict[str, str]]


def _replica(model: str, instance: str, reference: str, life: range, each: int) -> _Series:
    """A replica that lives for some minutes and counts ``each`` a minute into the bin b00 of age."""
    target = {"job": "model", "instance": f"{model} {instance}", "model": model}
    gap = f"_x{life.start} " if life.start else ""
    alive = len(life)
    return [
        series("model_info", f"{gap}1x{alive} stale", version="8", reference=reference, **target),
        series("model_feature_observations_total", f"{gap}0+{each}x{alive} stale", feature="age", bin="b00", **target),
        series(
            "model_feature_reference_observations",
            f"{gap}100x{alive} stale",
            feature="age",
            bin="b00",
            lower="0",
            upper="1",
            **target,
        ),
    ]


def _reloaded(model: str) -> _Series:
    """A process that has another reference from minute 60 on."""
    target = {"job": "model", "instance": model, "model": model}
    return [
        series("model_info", "1x59 stale", version="8", reference="old", **target),
        series("model_info", "_x60 1x60", version="8", reference="new", **target),
        series("model_feature_observations_total", "0+3x59 4+4x59", feature="age", bin="b00", **target),
    ]


def _torn() -> _Series:
    target = {"job": "model", "instance": "good one", "model": "torn"}
    return [series("model_info", "1x90", version="8", reference=reference, **target) for reference in ("old", "new")]


def _hours(model: str, **counts: float) -> dict[str, Mapping[str, float]]:
    """The counts of the last hour of each reference."""
    samples = {labelled("", model=model, reference=name, feature="age", bin="b00"): n for name, n in counts.items()}
    return {f'{_HOUR}{{model="{model}"}}': samples}


# Behaviour -> time, series, and what the hour holds. Pieces of five minutes end at each fifth minute; the newest of an hour
# that is looked at in the minute 80 (95) is of the minute 75 (90).
_CASES: dict[str, tuple[str, _Series, dict[str, Mapping[str, float]]]] = {
    "replicas of one reference are added": (
        "80m",
        _replica("added", "one", "old", range(90), 3) + _replica("added", "two", "old", range(90), 4),
        _hours("added", old=420.0),
    ),
    "a roll-out never adds counts of two references": (
        "80m",
        _replica("roll-out", "one", "old", range(90), 3) + _replica("roll-out", "two", "new", range(90), 4),
        _hours("roll-out", old=180.0, new=240.0),
    ),
    "what a replica counted outlives it": (
        "95m",
        _replica("outlives", "one", "same", range(60), 3) + _replica("outlives", "two", "same", range(60, 120), 4),
        # Pieces that end at the minutes 35 to 60 (six of the old one) and 65 to 90 (six of the new one).
        _hours("outlives", same=6 * 5 * 3 + 6 * 5 * 4),
    ),
    "a new reference in the same process takes no old counts, but for the five minutes of the change": (
        "95m",
        _reloaded("reloaded"),
        {
            f'{_HOUR}{{model="reloaded",reference="old"}}': {
                labelled("", model="reloaded", reference="old", feature="age", bin="b00"): 5 * 5 * 3.0
            },
            # The piece that holds the change is 16, or 16.25 where Prometheus 3 extrapolates it.
            f'floor({_HOUR}{{model="reloaded",reference="new"}})': {
                labelled("", model="reloaded", reference="new", feature="age", bin="b00"): 4 * 3 + 4 + 6 * 5 * 4.0
            },
        },
    ),
    "two references of a process at once, as between two scrapes, break nothing": (
        "80m",
        [*_torn(), *_replica("good", "one", "old", range(90), 3)],
        {**_hours("good", old=180.0), **_hours("torn")},
    ),
}


@pytest.fixture(scope="module", name="wrong")
def _wrong(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """All cases in one run: each has models of its own."""
    expected: dict[str, dict[str, Mapping[str, float]]] = {}
    for at, _, values in _CASES.values():
        expected.setdefault(at, {}).update(values)
    inputs = [one for _, series_of_case, _ in _CASES.values() for one in series_of_case]
    return wrong_values(tmp_path_factory.mktemp("counts"), inputs, expected, evaluation="5m", files=_FILES)


@pytest.mark.parametrize("case", _CASES)
def test_counts_of_an_hour(case: str, wrong: dict[str, str]) -> None:
    """They are merged over replicas and kept apart by reference, as the case says."""
    _, _, values = _CASES[case]
    assert {expression: wrong[expression] for expression in values if expression in wrong} == {}
