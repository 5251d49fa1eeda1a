"""Evaluates rules over history as Prometheus would have done meanwhile, and adds what they record to its blocks."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import time
import urllib.parse
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec

from tests.support.components import require
from tests.support.sidecar import fetch
from tests.system.e2e.prometheus_server import Prometheus, prometheus
from tests.system.history.rules import ALERTS, SINCE, Rule, demanded, firing, levels
from tests.system.history.times import Interval

__all__ = ["CONFIGURATION", "OPTIONS", "import_samples", "prefix_of", "query_range", "record_history"]

log = logging.getLogger(__name__)

CONFIGURATION = "global: {scrape_interval: 1m}\n"
"""It scrapes nothing and evaluates nothing: all that it has is history."""

OPTIONS = ("--storage.tsdb.retention.time=100y", "--query.lookback-delta=299s")
"""With these Prometheus keeps history however old it is, and a series ends one step after its last sample.

OpenMetrics cannot say that a series has ended; a sample of five minutes ago would still count beside what replaced it.
"""

_LONGEST_BLOCK = "162h"
_AT_ONCE = 2


class Series(msgspec.Struct):
    """One series of an answer: its labels, and the times and values of its samples."""

    metric: dict[str, str]
    values: list[tuple[float, str]]


class _Data(msgspec.Struct):
    result: list[Series] = []


class _Answer(msgspec.Struct):
    status: str
    data: _Data = msgspec.field(default_factory=_Data)
    error: str = ""


_decode = msgspec.json.Decoder(_Answer).decode


def import_samples(folder: Path, file: Path) -> None:
    """Make blocks of an OpenMetrics file for the Prometheus whose folder this is; it must not run, or start again."""
    command = [require("promtool"), "tsdb", "create-blocks-from", "openmetrics", "--quiet"]
    # By default a block holds two hours, and promtool reads the file once for each of them.
    command += [f"--max-block-duration={_LONGEST_BLOCK}", str(file), str(folder / "data")]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "GOGC": "400"})
    assert ran.returncode == 0, ran.stdout + ran.stderr


def record_history(folder: Path, rules: Iterable[Rule], asked: Interval, step: float, phase: float = 0.0) -> int:
    """Evaluate the rules every ``step`` seconds, those that others look back on also before ``asked``; the number of samples.

    ``folder`` is that of a Prometheus with the scraped history, which does not run. ``phase`` is how many seconds an
    evaluation comes after a multiple of ``step``: Prometheus gives each group one of its own, so that hardly any falls on a
    scrape.
    """
    ordered = levels(rules)
    when = demanded(ordered, asked, step)
    count = 0
    for number, level in enumerate(ordered):
        began = time.perf_counter()
        written = _record(folder, level, when, step, phase)
        count += written
        log.info("level %d: %d rules, %d samples, %.1f s", number, len(level), written, time.perf_counter() - began)
    return count


def _record(
    folder: Path, rules: Sequence[Rule], when: Mapping[str, Sequence[Interval]], step: float, phase: float
) -> int:
    """Evaluate rules that do not depend on each other; those that remember once more, until they have nothing to add."""
    known: set[str] = set()
    while rules:
        with prometheus(folder, CONFIGURATION, *OPTIONS) as running:
            found = _all_evaluated(running, rules, when, step, phase)
        new = [line for line in dict.fromkeys(found) if line not in known]
        known |= set(new)
        _all_written(folder, new)
        rules = [rule for rule in rules if rule.remembers and new]
    return len(known)


def _all_evaluated(
    running: Prometheus, rules: Iterable[Rule], when: Mapping[str, Sequence[Interval]], step: float, phase: float
) -> list[str]:
    """What rules gave, as lines of OpenMetrics."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = pool.map(lambda rule: _evaluated(running, rule, when[rule.writes[0]], step, phase), rules)
        return [line for lines in found for line in lines]


def _all_written(folder: Path, lines: Sequence[str]) -> None:
    """Make blocks of lines of OpenMetrics."""
    if lines:
        file = folder / "recorded.openmetrics"
        file.write_text("\n".join([*lines, "# EOF", ""]))
        import_samples(folder, file)
        file.unlink()


def _evaluated(running: Prometheus, rule: Rule, intervals: Sequence[Interval], step: float, phase: float) -> list[str]:
    lines: list[str] = []
    for interval in intervals:
        for series in query_range(running.url, rule.expression, interval, step, phase):
            lines += _alerts(rule, series, step) if rule.alert else _recorded(rule, series)
    return lines


def query_range(url: str, expression: str, interval: Interval, step: float, phase: float = 0.0) -> list[Series]:
    """Evaluate an expression ``phase`` seconds after each multiple of ``step`` seconds in an interval."""
    steps = interval.steps(step)
    if not steps:
        return []
    query = {"query": expression, "start": steps[0] + phase, "end": steps[-1] + phase, "step": round(step)}
    status, body = fetch(f"{url}/api/v1/query_range?{urllib.parse.urlencode(query)}")
    answer = _decode(body)
    assert status == 200, f"{expression}: {answer.error}"
    return answer.data.result


def _recorded(rule: Rule, series: Series) -> Iterator[str]:
    prefix = prefix_of(rule.name, {**series.metric, **rule.labels})
    return (f"{prefix}{value} {moment:.0f}" for moment, value in series.values)


def _alerts(rule: Rule, series: Series, step: float) -> Iterator[str]:
    labels = {**series.metric, **rule.labels, "alertname": rule.name}
    begun = prefix_of(SINCE, labels)
    pending, fired = (prefix_of(ALERTS, {**labels, "alertstate": state}) for state in ("pending", "firing"))
    for moment, since, fires in firing([moment for moment, _ in series.values], rule.hold, step):
        yield f"{fired if fires else pending}1 {moment:.0f}"
        yield f"{begun}{since:.0f} {moment:.0f}"


def prefix_of(name: str, labels: Mapping[str, str]) -> str:
    """A series as the beginning of a line of OpenMetrics; the label ``__name__`` is left out."""
    pairs = ",".join(
        f"{key}={json.dumps(value, ensure_ascii=False)}" for key, value in labels.items() if key != "__name__"
    )
    return f"{name}{{{pairs}}} " if pairs else f"{name} "
