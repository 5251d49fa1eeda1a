from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import accumulate

import pytest

from tests.support.promtool import wrong_values
from tests.support.rule_series import labelled, series

_PER_HOUR = 600.0
_STEPS_A_DAY = 288
_HOUR, _MISSING = "model:records:increase1h", "model:records_missing:min"

_Series = list[dict[str, str]]
_Values = dict[str, Mapping[str, float]]


def _traffic(model: str, days: float, busy: Callable[[float], bool]) -> _Series:
    """Records of a model, 50 every five minutes while ``busy(day)``."""
    steps = range(1, round(days * _STEPS_A_DAY) + 1)
    counts = accumulate((50 if busy(step / _STEPS_A_DAY) else 0 for step in steps), initial=0)
    return [series("model_records_total", " ".join(map(str, counts)), model=model, instance=model, job="model")]


def _stopped_at(day: float) -> Callable[[float], bool]:
    return lambda now: now <= day


def _by_day(now: float) -> bool:
    return 0.25 < now % 1 <= 0.9


def _on_weekdays(now: float) -> bool:
    return (now % 7) <= 5


def _batch(*, late: float) -> Callable[[float], bool]:
    """An hour of records at two each night; that of the tenth day comes later, by minutes."""
    return lambda now: 2 <= (now % 1) * 24 - (late / 60 if now > 9 else 0) < 3


_TRAFFIC: dict[str, tuple[Callable[[float], bool], float, float | None]] = {
    "as ever": (_stopped_at(99), 9, None),
    "stopped three quarters of an hour ago": (_stopped_at(8), 8.03, None),
    "stopped an hour ago": (_stopped_at(8), 8.05, _PER_HOUR),
    "stopped in the morning": (_stopped_at(8), 8.9, _PER_HOUR),
    # The day after, the hour had none yesterday either, but the day had (days end with a whole hour).
    "stopped yesterday": (_stopped_at(8), 9.5, 13 * _PER_HOUR),
    "a night as it was yesterday and a week ago": (_by_day, 8.1, None),
    "the second night": (_by_day, 1.1, None),
    "Saturday as last week, not as yesterday": (_on_weekdays, 12.1, None),
    "Sunday": (_on_weekdays, 13.1, None),
    # Nobody knows its first night.
    "a model of a few hours": (_stopped_at(0.3), 0.35, None),
    "a daily batch five minutes late": (_batch(late=5), 9 + 2.1 / 24, None),
    "a daily batch an hour late": (_batch(late=60), 9 + 3 / 24, None),
    "a daily batch that did not come": (_batch(late=9_999), 9.25, 600.0),
}


def _of_traffic(case: str) -> tuple[str, _Series, _Values]:
    busy, day, missing = _TRAFFIC[case]
    samples = {} if missing is None else {labelled("", model=case): missing}
    return f"{round(day * 1440)}m", _traffic(case, day, busy), {f'{_MISSING}{{model="{case}"}}': samples}


def _readable(model: str, states: list[str], found: Mapping[str, float]) -> tuple[str, _Series, _Values]:
    exporters = [series("model:exporters:count", "1x20", model=model, state=state) for state in states]
    return "60m", [*_traffic(model, 0.1, _stopped_at(9)), *exporters], {f'{_HOUR}{{model="{model}"}}': found}


_CASES = {
    **{case: _of_traffic(case) for case in _TRAFFIC},
    "blind": _readable("blind", ["input_unreadable"], {}),
    "half blind": _readable(
        "half blind", ["input_unreadable", "watching"], {labelled("", model="half blind"): _PER_HOUR}
    ),
}


@pytest.fixture(scope="module", name="wrong")
def _wrong(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """All cases in one run of two weeks: each is a model of its own."""
    expected: dict[str, _Values] = {}
    for at, _, values in _CASES.values():
        expected.setdefault(at, {}).update(values)
    inputs = [one for _, series_of_case, _ in _CASES.values() for one in series_of_case]
    return wrong_values(tmp_path_factory.mktemp("models"), inputs, expected, interval="5m", files=("models.yml",))


def _differing(case: str, wrong: dict[str, str]) -> dict[str, str]:
    return {expression: wrong[expression] for expression in _CASES[case][2] if expression in wrong}


@pytest.mark.parametrize("case", _TRAFFIC)
def test_missing_records_are_those_of_yesterday_and_last_week(case: str, wrong: dict[str, str]) -> None:
    """Silence is missing traffic only where the same hour a day and a week before had some."""
    assert _differing(case, wrong) == {}


@pytest.mark.parametrize("case", ["blind", "half blind"])
def test_while_no_input_can_be_read_no_records_is_no_news(case: str, wrong: dict[str, str]) -> None:
    """Hours in which every exporter of the model was blind are not held against the same hours later."""
    assert _differing(case, wrong) == {}
