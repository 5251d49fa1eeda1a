"""Dashboard Exporter: what its queries answer, by the real Prometheus."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.grafana.dashboard_file import FOLDER, Panel, read
from tests.grafana.substitution import ALL, Choice, substituted, with_intervals
from tests.support.promtool import wrong_values
from tests.support.rule_series import labelled, series

_EXPORTER = read(FOLDER / "exporter.json")
_PANELS: Mapping[int, Panel] = {panel.id: panel for panel in _EXPORTER.panels if panel.id is not None}
_JOB = "exporters"
_LENGTH = 60
_PREFIX = "model_drift_exporter_"


def _query(panel: int, ref_id: str = "A", **chosen: str) -> str:
    [target] = [target for target in _PANELS[panel].targets if target.ref_id == ref_id]
    choice: Choice = {"datasource": "default", "job": ALL, "model": ALL, "instance": ALL, **chosen}
    text = substituted(target.expression, _EXPORTER.variables, choice)
    return with_intervals(text, {"__range": "3600s", "__rate_interval": "300s"})


def _starts() -> str:
    """The query of the marks of starts."""
    [starts] = [each for each in _EXPORTER.annotations if each["name"] == "Starts"]
    choice: Choice = {"datasource": "default", "job": ALL, "model": ALL, "instance": ALL}
    return with_intervals(substituted(str(starts["expr"]), _EXPORTER.variables, choice), {"__interval": "300s"})


def _constant(value: float, *, until: int = _LENGTH) -> str:
    return f"{value:g}x{until}" + (" stale" if until < _LENGTH else "")


def _exporter(
    name: str, model: str, *, until: int = _LENGTH, labels_read: str = "", started: str = ""
) -> list[dict[str, str]]:
    """An exporter of two inputs; it answers until some minute."""
    own = {"job": _JOB, "instance": name}
    down = f" 0x{_LENGTH - until - 1}" if until < _LENGTH else ""
    found = [
        series("up", f"1x{until}{down}", **own),
        series("job_instance_model:exporter_targets:group", f"1x{_LENGTH}", **own, model=model),
        series("process_start_time_seconds", started or _constant(5, until=until), **own),
        series(f"{_PREFIX}input_up", _constant(1, until=until), **own, input="log"),
        series(f"{_PREFIX}input_up", labels_read or _constant(1, until=until), **own, input="labels"),
        series(f"{_PREFIX}build_info", _constant(1, until=until), **own, version=f"1.{len(name)}", python="3.12"),
        series(f"{_PREFIX}config_last_reload_successful", _constant(0 if name == "b" else 1, until=until), **own),
        series("model_records_total", f"0+97x{until}", **own, model=model),
        series("model_labels_total", f"0+2x{until}", **own, model=model),
        series(f"{_PREFIX}record_errors_total", f"0+1x{until}", **own, input="log", reason="not_json"),
        series(f"{_PREFIX}input_lag_seconds", _constant(len(model) * 100, until=until), **own, input="log"),
        series(f"{_PREFIX}series", _constant(500, until=until), **own, model=model),
        series(f"{_PREFIX}input_lag_seconds", _constant(0, until=until), **own, input="labels"),
        series(f"{_PREFIX}snapshot_timestamp_seconds", _constant(len(model) * 100, until=until), **own),
    ]
    if until < _LENGTH:
        found.append(series("job_instance:exporter_down:group", f"_x{until + 9} 1x{_LENGTH}", **own))
    return found


_FLEET = [
    *_exporter("a", "churn", labels_read=f"1x40 0x{_LENGTH}"),
    *_exporter("b", "loans", started=f"5x57 3000x{_LENGTH}"),
    *_exporter("down", "fraud", until=30),
    # Of the same exporter, which also watches a model that was not chosen.
    series("model_drift_exporter_series", f"7x{_LENGTH}", job=_JOB, instance="b", model="__none__"),
    series("model_records_untimed_total", f"0+3x{_LENGTH}", job=_JOB, instance="a", model="churn"),
    series("model_records_untimed_total", f"0x{_LENGTH}", job=_JOB, instance="b", model="loans"),
    series(f"{_PREFIX}input_dropped_total", f"0+4x{_LENGTH}", job=_JOB, instance="a", input="ingest"),
    series(f"{_PREFIX}input_dropped_total", f"5x{_LENGTH}", job=_JOB, instance="b", input="ingest"),
    # One of another kind, which Prometheus scrapes too.
    series("up", f"0x{_LENGTH}", job="node", instance="a"),
    series("process_start_time_seconds", f"5x{_LENGTH}", job="node", instance="a"),
]


def _inputs(**codes: float) -> dict[str, float]:
    """Codes by exporter and input, with the share of the time in which it was read, which orders them."""
    found = {}
    for name, code in codes.items():
        instance, input_, order = name.split("_")
        found[labelled("", _order=order, job=_JOB, instance=instance, input=input_)] = code
    return found


def _exporters(values: Mapping[str, float], **labels: str) -> dict[str, float]:
    return {labelled("", job=_JOB, instance=instance, **labels): value for instance, value in values.items()}


_EXPECTED: dict[str, tuple[str, dict[str, float]]] = {
    "up": (_query(1), {"{}": 2.0}),
    "down": (_query(2), {"{}": 1.0}),
    "none down": (_query(2, model="churn"), {"{}": 0.0}),
    "unreadable": (_query(3), {"{}": 1.0}),
    "none unreadable": (_query(3, model="loans"), {"{}": 0.0}),
    "worst lag": (_query(4), {"{}": 500.0}),
    "rejected": (_query(5), {"{}": 0.01}),
    "versions": (_query(6), {labelled("", version="1.1"): 2.0}),
    "inputs": (
        _query(10),
        _inputs(a_log_200=0, a_labels_168=2, b_log_200=1, b_labels_200=1, down_log_152=3, down_labels_152=3),
    ),
    "inputs of a model": (_query(10, model="loans"), _inputs(b_log_200=1, b_labels_200=1)),
    "inputs of an exporter": (_query(10, instance="down"), _inputs(down_log_152=3, down_labels_152=3)),
    "lag": (
        _query(11, model="churn"),
        {**_exporters({"a": 500.0}, input="log"), **_exporters({"a": 0.0}, input="labels")},
    ),
    "lag of what was there": (_query(11, model="fraud"), {}),
    "rejected per hour": (_query(12), {labelled("", input="log", reason="not_json"): 120.0}),
    "without a time, per hour": (_query(12, "B"), {"{}": 180.0}),
    "all with a time": (_query(12, "B", model="loans"), {}),
    "records per hour": (_query(13, model="churn"), {"{}": 97.0 * 60}),
    "refused per hour": (
        _query(22, "B"),
        {labelled("", job=_JOB, instance="a", input="ingest"): 240.0},
    ),
    "series of a model": (_query(26, model="loans"), {labelled("", model="loans"): 500.0}),
    "series of all": (
        _query(26),
        {labelled("", model="loans"): 500.0, labelled("", model="churn"): 500.0, labelled("", model="__none__"): 7.0},
    ),
    "age of the snapshot": (_query(20, model="churn"), _exporters({"a": 59 * 60 - 500.0})),
    "refused": (_query(21), _exporters({"a": 1.0, "b": 0.0})),
    "queue": (_query(22), {}),
    "started again": (_starts(), _exporters({"b": 3_000.0})),
    "something was scraped": (_query(10, "B"), {}),
    "nothing was scraped": (
        _query(10, "B", job="other"),
        {labelled("", instance="None was scraped"): 4.0},
    ),
}


@pytest.fixture(scope="module", name="wrong")
def _wrong(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    expected = dict(_EXPECTED.values())
    return wrong_values(tmp_path_factory.mktemp("exporter"), _FLEET, {"59m": expected}, files=("settings.yml",))


@pytest.mark.parametrize("what", _EXPECTED)
def test_a_query_answers(what: str, wrong: dict[str, str]) -> None:
    """Only of exporters that watch the chosen models, the right ones, with the right value."""
    expression, _ = _EXPECTED[what]
    assert wrong.get(expression, "") == ""


def test_states_of_inputs_have_a_text_each() -> None:
    """No code without a text, and no two texts of one colour that can stand beside each other."""
    options = _PANELS[10].defaults["mappings"][0]["options"]
    assert options.keys() == {"0", "1", "2", "3", "4"}
    beside = [option["color"] for code, option in options.items() if code != "4"]
    assert len(set(beside)) == len(beside)


_GONE = [
    *_exporter("a", "churn"),
    # A pod of yesterday: neither its series nor its target are there at the end.
    *(
        {**each, "values": f"{each['values'].partition('x')[0]}x10 stale"}
        for each in _exporter("b", "churn")
        if not each["series"].startswith("up")
    ),
    series("up", "1x10 stale", job=_JOB, instance="b"),
]


def _most(query: str) -> str:
    """The most that a query gives in the hour before; a range query would give it at each step."""
    return f"max_over_time(({query})[55m:1m])"


def test_history_shows_exporters_that_are_gone(tmp_path: Path) -> None:
    """What was read, and by whom, is told of the time when it was so, as after a roll-out."""
    both = _exporters({"a": 500.0, "b": 500.0}, input="log") | _exporters({"a": 0.0, "b": 0.0}, input="labels")
    expected = {
        _query(11, model="churn"): _exporters({"a": 500.0}, input="log") | _exporters({"a": 0.0}, input="labels"),
        _most(_query(11, model="churn")): both,
        _most(_query(13, model="churn")): {"{}": 2 * 97.0 * 60},
    }
    assert wrong_values(tmp_path, _GONE, {"59m": expected}, files=("settings.yml",)) == {}


def test_of_many_exporters_a_few_are_shown(tmp_path: Path) -> None:
    """Those that had most in the whole time range: the same ones at each step, although others have more now and then."""
    most = ("process_resident_memory_bytes", f"{_PREFIX}scrape_duration_seconds", f"{_PREFIX}input_lag_seconds")
    inputs = []
    for number in range(12):
        own = {"job": _JOB, "instance": f"e{number:02d}", "input": "log"}
        inputs.append(series("job_instance_model:exporter_targets:group", f"1x{_LENGTH}", **own, model="churn"))
        values = " ".join(
            str((7 * number + minute) % 12 + (100 if minute == number else 0)) for minute in range(_LENGTH)
        )
        inputs += (series(name, values, **own) for name in most)
    expected = {
        f"count({_most(_query(panel))})": {"{}": float(count)} for panel, count in {23: 10, 25: 10, 11: 5}.items()
    }
    assert wrong_values(tmp_path, inputs, {"59m": expected}, files=("settings.yml",)) == {}
