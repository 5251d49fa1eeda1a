"""A large Prometheus made of a small one: its model as many models, its features as many features.

What a query costs depends on how many series it reads and on how many there are beside them. So series that dashboards
draw over time are copied with all their samples, once a minute, and all others with their last sample only.
"""

from __future__ import annotations

import json
import re
import urllib.parse
import urllib.request
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs

from tests.grafana.dashboard_file import Dashboard
from tests.grafana.expressions import selectors
from tests.grafana.substitution import alternatives

__all__ = ["Series", "Size", "drawn", "exposed", "grown", "read_series", "write"]

_MINUTE = 60


@attrs.frozen
class Series:
    """A series with its samples, times in seconds since 1970."""

    labels: Mapping[str, str]
    samples: tuple[tuple[float, str], ...]


@attrs.frozen
class Size:
    """How many models, each with an exporter of its own, and how many features each of them."""

    models: int
    features: int


def drawn(dashboards: Iterable[Dashboard]) -> set[str]:
    """Names of the series that dashboards ask for without naming one feature: those of which all are read."""
    found = set()
    for dashboard in dashboards:
        queries = [target.expression for _, target in dashboard.queries()]
        queries += [str(annotation.get("expr", "")) for annotation in dashboard.annotations]
        for text in (text for query in queries for text in alternatives(dashboard, query)):
            for selector in selectors(text):
                matched = {matcher.name for matcher in selector.matchers.matchers}
                if selector.name and "feature" not in matched:
                    found.add(str(selector.name))
    return found


def read_series(server: str, selector: str, end: float, hours: float) -> list[Series]:
    """All series of a selector with the samples of so many hours before ``end``."""
    query = {"query": f"{selector}[{round(hours * 3_600)}s]", "time": f"{end:.3f}"}
    with urllib.request.urlopen(f"{server}/api/v1/query", urllib.parse.urlencode(query).encode()) as answer:  # noqa: S310 - loopback
        body: dict[str, Any] = json.load(answer)
    found = body["data"]["result"]
    return [Series(each["metric"], tuple((time, value) for time, value in each["values"])) for each in found]


def grown(small: Iterable[Series], feature: str, whole: Collection[str], size: Size) -> Iterator[Series]:
    """The copies. Of the features only ``feature`` is copied; ``whole`` are the names of which all samples are kept.

    Of the series that name the first feature of the first model all samples are kept: it is the one that is looked at.
    """
    for series in small:
        own = series.labels.get("feature")
        if own not in {None, feature}:
            continue
        for model in range(size.models):
            for number in range(size.features if own else 1):
                labels = {**series.labels, **_names(series.labels, model, number)}
                looked_at = model == 0 and number == 0
                kept = looked_at or series.labels["__name__"] in whole
                yield Series(labels, series.samples if kept else series.samples[-1:])


def _names(labels: Mapping[str, str], model: int, feature: int) -> dict[str, str]:
    new = {
        "model": f"model-{model:03d}",
        "instance": f"exporter-{model:03d}:9877",
        "feature": f"feature_{feature:03d}",
    }
    return {name: value for name, value in new.items() if name in labels}


def write(path: Path, series: Iterable[Series]) -> int:
    """An OpenMetrics file with a sample a minute, each until the next one, at most five; the number of samples."""
    count = 0
    with path.open("w", encoding="utf-8") as file:
        for each in series:
            inner = ",".join(
                f"{name}={json.dumps(value, ensure_ascii=False)}"
                for name, value in each.labels.items()
                if name != "__name__"
            )
            head = f"{each.labels['__name__']}{{{inner}}} "
            for time, value in _each_minute(each.samples):
                file.write(f"{head}{value} {time}\n")
                count += 1
        file.write("# EOF\n")
    return count


def _each_minute(samples: tuple[tuple[float, str], ...]) -> Iterator[tuple[int, str]]:
    times = [round(time) for time, _ in samples]
    for place, (time, (_, value)) in enumerate(zip(times, samples, strict=True)):
        until = min(times[place + 1], time + 5 * _MINUTE) if place + 1 < len(times) else time + 1
        for moment in range(time, until, _MINUTE):
            yield moment, value


def exposed(text: str, end: float, minutes: int) -> list[Series]:
    """The series of an exposition, as if it had been scraped each minute before ``end``."""
    found = []
    for line in text.splitlines():
        match = re.fullmatch(r"([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)", line)
        if match:
            pairs = re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', match[2] or "")
            labels = {"__name__": match[1], "job": "exporter", "instance": "a:9877", **dict(pairs)}
            times = (end - _MINUTE * back for back in range(minutes, -1, -1))
            found.append(Series(labels, tuple((time, match[3]) for time in times)))
    return found
