"""Rules over history: their order, how far they look back, and that what is recorded is what Prometheus would have."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.system.e2e.prometheus_server import Prometheus, prometheus
from tests.system.history.evaluating import CONFIGURATION, OPTIONS, Series, import_samples, query_range, record_history
from tests.system.history.rules import Rule, demanded, firing, levels, rule_of, shipped_rules
from tests.system.history.times import Interval, merged

WEEK = 7 * 86_400.0
END = 1_800_000_000.0
STEP = 300.0
ASKED = Interval(END - 3_600.0, END)

SUM = "model:records:increase10m"
CHANGE = "model:records:change"
MEMORY = "model:known:group"
RULES = [
    rule_of({"alert": "ManyRecords", "expr": f"{SUM} > 100", "for": "10m", "labels": {"severity": "page"}}),
    Rule(CHANGE, f'{SUM} - {SUM} offset 30m or label_replace({SUM}, "new", "yes", "", "")', {"kind": "change"}),
    Rule(SUM, "sum by (model) (increase(model_records_total[10m]))", {}),
    Rule(MEMORY, f"group by (model) ({SUM} > 130 or last_over_time({MEMORY}[30m]))", {}),
]


def test_rules_come_after_what_they_read() -> None:
    """No shipped rule reads what is made later or at the same time, be it a recorded series or what is known of alerts."""
    rules = shipped_rules()
    ordered = levels(rules)
    assert sorted(map(id, rules)) == sorted(id(rule) for level in ordered for rule in level)
    recorded = {name for rule in rules for name in rule.writes}
    assert {"ALERTS", "ALERTS_FOR_STATE"} < recorded
    made: set[str] = set()
    for level in ordered:
        assert all(rule.series & recorded <= made for rule in level)
        made |= {name for rule in level for name in rule.writes}
    assert made == recorded


def test_what_reads_alerts_comes_after_them() -> None:
    """And is known for as long as it looks back, as the alerts are."""
    state = Rule("state", 'max_over_time(ALERTS{alertstate="firing"}[1h])', {})
    alert = rule_of({"alert": "Bad", "expr": "raw > 1", "for": "10m"})
    ordered = levels([state, alert])
    assert ordered == [[alert], [state]]
    found = demanded(ordered, ASKED, 0.0)
    assert found["ALERTS"] == [Interval(ASKED.start - 3_600 - 300, END)]
    assert found["raw"] == [Interval(ASKED.start - 3_600 - 600, END)]


def test_what_is_looked_back_on_is_demanded() -> None:
    """Ranges, subqueries and offsets add up along the rules, and a week between stays out."""
    ordered = levels(
        [
            Rule("c", "b / b offset 1w", {}),
            Rule("b", "sum_over_time(a[1h:5m] offset 1m)", {}),
            Rule("a", "increase(raw[5m])", {}),
        ]
    )
    found = demanded(ordered, ASKED, 0.0)
    assert found["c"] == [ASKED]
    # 5 minutes are how long a sample is looked for, each time that a series is read.
    assert found["b"] == [Interval(ASKED.start - 300 - WEEK, END - WEEK), Interval(ASKED.start - 300, END)]
    back = 300 + 60 + 3_600 + 300
    assert found["a"] == [Interval(ASKED.start - back - WEEK, END - 60 - WEEK), Interval(ASKED.start - back, END)]
    back += 300 + 300
    assert found["raw"] == [Interval(ASKED.start - back - WEEK, END - 60 - WEEK), Interval(ASKED.start - back, END)]


def test_intervals_that_touch_become_one() -> None:
    """Up to the gap; one that lies in another adds nothing."""
    parts = [Interval(50.0, 60.0), Interval(0.0, 10.0), Interval(2.0, 3.0), Interval(15.0, 20.0)]
    assert merged(parts, 5.0) == [Interval(0.0, 20.0), Interval(50.0, 60.0)]
    assert Interval(1.0, 900.0).steps(300.0) == range(300, 901, 300)


def test_an_alert_fires_when_it_has_held_long_enough() -> None:
    """A missing evaluation begins the wait anew; without a wait it fires at once."""
    assert list(firing([0.0, 300.0, 600.0, 1_200.0, 1_500.0], 600.0, STEP)) == [
        (0.0, 0.0, False),
        (300.0, 0.0, False),
        (600.0, 0.0, True),
        (1_200.0, 1_200.0, False),
        (1_500.0, 1_200.0, False),
    ]
    assert list(firing([0.0, 300.0], 0.0, STEP)) == [(0.0, 0.0, True), (300.0, 0.0, True)]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """Two hours of a counter, which is faster for its third half hour, and what the rules made of it."""
    folder = tmp_path_factory.mktemp("prometheus")
    total, lines = 0, []
    for time in range(int(END) - 7_200, int(END) + 1, 100):
        total += 30 if END - 3_600 < time <= END - 1_800 else 10
        lines.append(f'model_records_total{{model="a \\"b\\"",job="j"}} {total} {time}')
    file = folder / "raw.openmetrics"
    file.write_text("\n".join([*lines, "# EOF", ""]))
    import_samples(folder, file)
    assert record_history(folder, RULES, ASKED, STEP) > 0
    with prometheus(folder, CONFIGURATION, *OPTIONS) as running:
        yield running


def _points(found: list[Series]) -> dict[tuple[str, ...], dict[float, float]]:
    return {
        tuple(f"{name}={value}" for name, value in sorted(series.metric.items()) if name != "__name__"): {
            time: float(value) for time, value in series.values
        }
        for series in found
    }


def test_what_is_recorded_is_what_the_expression_gives(recorded: Prometheus) -> None:
    """At every step, also of a rule that reads another one half an hour before, with the labels that the rule adds."""
    own, change = RULES[2], RULES[1]
    expected = _points(query_range(recorded.url, own.expression, ASKED, STEP))
    assert [len(points) for points in expected.values()] == [13]
    assert _points(query_range(recorded.url, own.name, ASKED, STEP)) == expected
    inner = change.expression.replace(SUM, f"({own.expression})").replace(
        f"({own.expression}) offset 30m", own.expression.replace("[10m]", "[10m] offset 30m")
    )
    expected = _points(query_range(recorded.url, inner, ASKED, STEP))
    found = _points(query_range(recorded.url, change.name, ASKED, STEP))
    assert found == {("kind=change", *labels): points for labels, points in expected.items()}
    assert any(value > 0 for points in found.values() for value in points.values())


def test_alerts_are_recorded_as_prometheus_does(recorded: Prometheus) -> None:
    """Pending for ten minutes, then firing until the condition ends."""
    [condition] = query_range(recorded.url, f"{SUM} > 100", ASKED, STEP)
    times = [time for time, _ in condition.values]
    assert times == [END - 3_300 + STEP * place for place in range(len(times))]
    assert len(times) > 2
    assert _points(query_range(recorded.url, "ALERTS", ASKED, STEP)) == {
        ("alertname=ManyRecords", f"alertstate={state}", 'model=a "b"', "severity=page"): dict.fromkeys(found, 1.0)
        for state, found in (("pending", times[:2]), ("firing", times[2:]))
    }
    assert _points(query_range(recorded.url, "ALERTS_FOR_STATE", ASKED, STEP)) == {
        ("alertname=ManyRecords", 'model=a "b"', "severity=page"): dict.fromkeys(times, times[0])
    }


def test_what_looks_back_on_itself_remembers(recorded: Prometheus) -> None:
    """From the first time on at which there was something to remember, as Prometheus would."""
    [condition] = query_range(recorded.url, f"{SUM} > 130", ASKED, STEP)
    first, last = condition.values[0][0], condition.values[-1][0]
    assert ASKED.start < first < last < END - 1_200
    found = _points(query_range(recorded.url, MEMORY, ASKED, STEP))
    assert found == {('model=a "b"',): dict.fromkeys(map(float, range(int(first), int(END) + 1, 300)), 1.0)}


def test_a_rule_that_asks_for_itself_is_not_waited_for() -> None:
    """Such rules remember; they are evaluated again for that."""
    rule = Rule("a", "raw or last_over_time(a[1h])", {})
    assert rule.remembers
    assert levels([rule]) == [[rule]]
    assert demanded([[rule]], ASKED, 0.0) == {"a": [ASKED], "raw": [Interval(ASKED.start - 300, END)]}
