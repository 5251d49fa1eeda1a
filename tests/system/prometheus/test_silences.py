"""ModelTrafficStopped from what exporters say to what fires, over days."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import attrs
import pytest

from tests.support.promtool import wrong_values
from tests.support.rule_series import labelled, series

_MINUTES = 3 * 1_440
_BATCH, _DENSE = 91_800, 900  # seconds of usual silence: a day and 90 minutes; a quarter of an hour
_FILES = ("settings.yml", "models.yml", "alerts-exporter.yml")
_FIRING = 'count by (model) (ALERTS{{alertname="ModelTrafficStopped",alertstate="firing",model="{}"}})'


def _runs(values: list[float | None]) -> str:
    """Values, a minute apart, in promtool's notation; ``None`` is no sample."""
    found: list[str] = []
    place = 0
    while place < len(values):
        end = place
        while end + 1 < len(values) and values[end + 1] == values[place]:
            end += 1
        value, more = values[place], end - place
        found.append(f"_x{more + 1}" if value is None else f"{value:.0f}x{more}" if more else f"{value:.0f}")
        place = end + 1
    return " ".join(found)


@attrs.frozen
class _Case:
    """``newest`` is the event time, in minutes, up to which records are known at a minute; ``fires`` at which minutes."""

    newest: Callable[[int], float]
    usual: float | None
    fires: Mapping[int, bool]
    scraped: Callable[[int], bool] = lambda _: True


def _at(day: int, hour: int, minute: int = 0) -> int:
    return day * 1_440 + hour * 60 + minute


def _daily(late: int) -> Callable[[int], float]:
    """A batch each night at two; that of the third night comes later, by minutes."""

    def newest(now: int) -> float:
        came = [at for at in (_at(0, 2), _at(1, 2), _at(2, 2) + late) if at <= now]
        return max(came, default=0)

    return newest


def _until(stop: int, back: int = 10**6) -> Callable[[int], float]:
    """A record each minute, but from ``stop`` to ``back``."""
    return lambda now: now if now < stop or now >= back else stop


def _shipped(stop: int) -> Callable[[int], float]:
    """A record each minute, which are read together each hour, until one."""
    return lambda now: min(now, stop) // 60 * 60


_CASES = {
    "a batch on time": _Case(_daily(0), _BATCH, {_at(2, 2, 30): False, _at(2, 12): False}),
    "five minutes late": _Case(_daily(5), _BATCH, {_at(2, 2, 5): False, _at(2, 2, 10): False, _at(2, 4): False}),
    "an hour late": _Case(_daily(60), _BATCH, {_at(2, 2, 55): False, _at(2, 4): False}),
    "three hours late": _Case(
        _daily(180), _BATCH, {_at(2, 3, 35): False, _at(2, 3, 40): True, _at(2, 4, 55): True, _at(2, 5): False}
    ),
    "dense traffic that stops": _Case(
        _until(_at(1, 12), _at(1, 18)),
        _DENSE,
        {_at(1, 12, 20): False, _at(1, 12, 25): True, _at(1, 17, 55): True, _at(1, 18): False},
    ),
    "an hour without scrapes": _Case(
        _until(10**6), _DENSE, {_at(1, 12, 55): False, _at(1, 13): False, _at(1, 13, 5): False, _at(1, 14): False},
        lambda now: not _at(1, 12) <= now < _at(1, 13),
    ),
    "read each hour": _Case(
        _shipped(_at(2, 12)),
        _DENSE,
        {**{_at(1, 12, minute): False for minute in (20, 40, 55)}, _at(2, 13, 10): False, _at(2, 13, 25): True},
    ),
    "records of last week are read": _Case(
        lambda now: max(now - 10_000, -(10**4)) if now < _at(2, 12) else now, _DENSE, {_at(1, 12): False}
    ),
    "not known yet": _Case(_until(_at(1, 12)), None, {_at(1, 13): False, _at(2, 12): False}),
}  # fmt: skip


def _inputs(name: str, case: _Case) -> list[dict[str, str]]:
    labels = {"job": "model", "instance": name}
    own = {**labels, "model": name}
    newest = [case.newest(minute) for minute in range(_MINUTES)]
    records = 0
    counts = [
        records := records + (100 if place and each != newest[place - 1] else 0) for place, each in enumerate(newest)
    ]

    def scraped(values: list[float]) -> str:
        return _runs([value if case.scraped(minute) else None for minute, value in enumerate(values)])

    ones = [1.0] * _MINUTES
    return [
        series("up", scraped(ones), **labels),
        series("model_info", scraped(ones), **own, version="8", reference="f00d"),
        series("model_drift_exporter_input_up", scraped(ones), **labels, input="log"),
        series("model_records_total", scraped([float(count) for count in counts]), **own),
        series("model_last_record_timestamp_seconds", scraped([60 * each for each in newest]), **own),
        *([] if case.usual is None else [series("model_traffic_usual_silence_seconds", scraped([case.usual] * _MINUTES), **own)]),
    ]  # fmt: skip


@pytest.fixture(scope="module", name="wrong")
def _wrong(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """All cases in one run of three days: each is a model of its own."""
    expected: dict[str, dict[str, dict[str, float]]] = {}
    for name, case in _CASES.items():
        for minute, fires in case.fires.items():
            found = {labelled("", model=name): 1.0} if fires else {}
            expected.setdefault(f"{minute}m", {})[f"{_FIRING.format(name)} + 0 * {minute}"] = found
    inputs = [one for name, case in _CASES.items() for one in _inputs(name, case)]
    return wrong_values(tmp_path_factory.mktemp("silences"), inputs, expected, evaluation="5m", files=_FILES)


@pytest.mark.parametrize("name", _CASES)
def test_a_silence_is_told_when_it_is_longer_than_usual(name: str, wrong: dict[str, str]) -> None:
    """Not a minute of it where it is usual, and over as soon as records come."""
    assert {expression: told for expression, told in wrong.items() if f'"{name}"' in expression} == {}
