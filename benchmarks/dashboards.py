"""How long Prometheus takes to answer the dashboards, with many models and with many features."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import attrs

from tests.grafana.dashboard_file import DASHBOARDS, Dashboard
from tests.grafana.looking import choices
from tests.grafana.queries import Scene, ask, requests
from tests.system.e2e.prometheus_server import prometheus
from tests.system.history.backfilled import build
from tests.system.history.evaluating import CONFIGURATION, OPTIONS, import_samples

from .dashboard_data import Series, Size, drawn, exposed, grown, read_series, write
from .processes import ROOT
from .report import Figure, Report, Scale, Table

__all__ = ["run"]

METHOD = """\
The history that the tests of the dashboards look at is copied into a real Prometheus: once as {models} models of
{features} features, each watched by an exporter of its own, once as one model of {many} features. Series that are drawn over
time have a sample a minute for 24 hours. Then every query of every panel and annotation of a dashboard, rows opened, is asked
as Grafana 9.4 asks it for the last 24 hours on a screen of 1,920 pixels, one after the other, {rounds} rounds; wall-clock
time, of all that a dashboard asks in a round or of all that a panel does. Figures are those of the best round."""

_LIMIT = 1.0
_HOURS = 24.0
_MODEL, _FEATURE = "loan-approval", "age"
_SHOWN = 8


@attrs.frozen
class _Measured:
    """Seconds of each round, of a whole dashboard and of each of its panels and annotations."""

    dashboard: str
    rounds: Sequence[float]
    panels: dict[str, Sequence[float]]

    @property
    def slowest(self) -> float:
        """Seconds of the panel that takes longest, in its best round."""
        return max(map(min, self.panels.values()))


def run(scale: Scale) -> Report:
    many = Size(scale.pick(200, 3), scale.pick(25, 2))
    wide = Size(1, scale.pick(200, 4))
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        small = _golden() if scale.quick else _history(Path(folder))
        found, many_series = _measure(Path(folder, "many"), small, many, ("fleet", "exporter"), scale.rounds)
        single, wide_series = _measure(Path(folder, "wide"), small, wide, ("model", "feature"), scale.rounds)
    fleet, model, feature, exporter = (
        {each.dashboard: each for each in (*found, *single)}[name] for name in ("fleet", "model", "feature", "exporter")
    )
    return Report(
        title="Dashboards",
        method=METHOD.format(models=many.models, features=many.features, many=wide.features, rounds=scale.rounds),
        figures=[
            Figure(
                f"Fleet, all panels, {many.models} models × {many.features} features", min(fleet.rounds), "s", _LIMIT
            ),
            Figure(f"Model, slowest panel, {wide.features} features", model.slowest, "s", _LIMIT),
            Figure(f"Feature, slowest panel, {wide.features} features", feature.slowest, "s", _LIMIT),
            Figure(f"Exporter, slowest panel, {many.models} exporters at once", exporter.slowest, "s", _LIMIT),
        ],
        tables=[
            Table(
                ("all panels, s", "best", "median", "slowest"),
                [(each.dashboard.capitalize(), *_spread(each.rounds)) for each in (fleet, model, feature, exporter)],
            ),
            Table(
                ("slowest panels, ms", "dashboard", "best", "median", "slowest"),
                _slowest((fleet, model, feature, exporter)),
            ),
        ],
        notes=[
            f"Series in Prometheus: {many_series:,} with many models, {wide_series:,} with many features.",
            "Grafana asks several queries at once and draws while it waits: a person waits less, not more.",
            f"Load of the machine before all of it: {load:.1f}.",
        ],
    )


def _spread(times: Sequence[float]) -> tuple[float, float, float]:
    return min(times), median(times), max(times)


def _slowest(measured: Sequence[_Measured]) -> list[tuple[str, str, float, float, float]]:
    panels = [(panel, each.dashboard, _spread(times)) for each in measured for panel, times in each.panels.items()]
    panels.sort(key=lambda panel: panel[2], reverse=True)
    return [
        (panel, name, best * 1e3, middle * 1e3, worst * 1e3) for panel, name, (best, middle, worst) in panels[:_SHOWN]
    ]


def _history(folder: Path) -> tuple[list[Series], float]:
    """The series of one model and of its exporter during an incident, and the time at which to look."""
    history = build(folder / "history")
    [target] = [target for target in history.scene.targets if _MODEL in target.models]
    end = max(each.during.end for each in target.episodes if each.model == _MODEL) - 900
    with prometheus(history.folder, CONFIGURATION, *OPTIONS) as server:
        found = read_series(server.url, f'{{model="{_MODEL}"}}', end, _HOURS + 1)
        own = read_series(server.url, f'{{model="",instance="{target.instance}"}}', end, _HOURS + 1)
    return found + own, end


def _golden() -> tuple[list[Series], float]:
    text = (ROOT / "tests" / "system" / "golden" / "metrics.txt").read_text(encoding="utf-8")
    end = 1_800_000_000.0
    every = exposed(text, end, 10)
    return [series for series in every if series.labels.get("model", "churn") == "churn"], end


def _measure(
    folder: Path, small: tuple[list[Series], float], size: Size, names: Sequence[str], rounds: int
) -> tuple[list[_Measured], int]:
    """The dashboards of these names, and how many series there were."""
    dashboards = [each for each in DASHBOARDS if each.name in names]
    folder.mkdir()
    series, end = small
    written = list(grown(series, _FEATURE, drawn(dashboards), size))
    write(folder / "samples.openmetrics", written)
    import_samples(folder, folder / "samples.openmetrics")
    with prometheus(folder, CONFIGURATION, *OPTIONS) as server:
        return [_timed(server.url, dashboard, end, rounds) for dashboard in dashboards], len(written)


def _timed(url: str, dashboard: Dashboard, end: float, rounds: int) -> _Measured:
    scene = Scene(end - _HOURS * 3_600, end, {}, width=1_920, scrape_interval=60.0)
    [scene, *_] = choices(url, dashboard, scene, {})
    asked = list(requests(dashboard, scene))
    panels: dict[str, list[float]] = {}
    for turn in range(rounds):
        for request in asked:
            began = time.perf_counter()
            answer = ask(url, request)
            seconds = time.perf_counter() - began
            assert answer["status"] == "success", (request, answer)
            panel = request.what.partition(", query")[0].partition(", ")[2]
            panels.setdefault(panel, [0.0] * rounds)[turn] += seconds
    whole = [sum(times[turn] for times in panels.values()) for turn in range(rounds)]
    return _Measured(dashboard.name, whole, {**panels})
