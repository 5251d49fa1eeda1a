"""Real streams, replayed as ``model-drift-exporter replay`` does, and what is widely used on the same records."""

from __future__ import annotations

import gzip
import json
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from benchmarks.processes import build_reference
from model_drift_exporter.commands.replay.replay import Replay
from model_drift_exporter.configuration.settings import InputSettings, Settings
from model_drift_exporter.evidence.alarms import Transition
from model_drift_exporter.evidence.settings import PAGE
from model_drift_exporter.models.finding_edges import FindingEdge
from model_drift_exporter.pipeline.assembly import make_pipeline, open_sources
from model_drift_exporter.records.times import format_time, parse_times

from .scoring import Arrivals, Span, broken_share, inside, overlaps
from .windows import WINDOW, FiringWindows, WindowRules

__all__ = ["found_streams", "replay_stream"]

_BROKEN = 0.05


def found_streams(folder: Path) -> list[str]:
    """The streams in a folder: each a folder with a ``truth.json``."""
    return sorted(path.parent.name for path in folder.glob("*/truth.json"))


class _Collected:
    """A report that keeps what it is told."""

    def __init__(self) -> None:
        self.edges: list[Transition] = []
        self.last: Mapping[str, Any] = {}

    def transition(self, transition: Transition) -> None:
        self.edges.append(transition)

    def finding(self, edge: FindingEdge) -> None:
        """Nothing: alarms are judged."""

    def summary(self, summary: Mapping[str, Any]) -> None:
        self.last = summary


def replay_stream(folder: str, errors: str | None = None) -> dict[str, Any]:
    """Replay one stream and judge its alarms by its truth; ``errors`` is a file for its errors in the order of the labels."""
    path = Path(folder)
    truth = json.loads((path / "truth.json").read_text(encoding="utf-8"))
    spans: list[Span] = [(first, last) for first, last in truth["harmful_spans"]]
    report = _Collected()
    with tempfile.TemporaryDirectory() as temporary:
        reference = build_reference(path / "reference.jsonl.gz", Path(temporary, "reference.json"))
        settings = Settings(
            inputs=(
                InputSettings(str(path / "predictions.jsonl.gz")),
                InputSettings(str(path / "labels.jsonl.gz"), name="labels", contains="labels"),
            ),
            reference=(str(reference),),
        )
        pipeline = make_pipeline(settings, open_sources(settings.inputs, settings, once=True))
        began = time.process_time()
        Replay(pipeline, report, time.time, lambda: None).run()
        seconds = time.process_time() - began
    live, labels = _read(path / "predictions.jsonl.gz"), _read(path / "labels.jsonl.gz")
    arrivals = _arrivals(live, labels)
    rows = _read(path / "reference.jsonl.gz")
    missing = _Missing(rows, live)
    if errors:
        _save_errors(Path(errors), live, labels, arrivals)
    firing = [edge for edge in report.edges if edge.firing]
    return {
        "name": path.name,
        "spans": spans,
        "records": len(live),
        "seconds": seconds,
        "summary": dict(report.last),
        "pages": [_judged(edge, arrivals, spans, missing) for edge in firing if edge.severity == PAGE],
        "tickets": dict(Counter(edge.alert for edge in firing if edge.severity != PAGE)),
        "windows": _windows(rows, live, spans),
        "arrived": arrivals.in_order_of_labels().tolist(),
    }


def _read(path: Path) -> list[dict[str, Any]]:
    with gzip.open(path, "rb") as file:
        rows: list[dict[str, Any]] = msgspec.json.Decoder(list[dict[str, Any]]).decode(
            b"[" + b",".join(line for line in file if line.strip()) + b"]"
        )
    return rows


def _arrivals(live: Sequence[Mapping[str, Any]], labels: Sequence[Mapping[str, Any]]) -> Arrivals:
    return Arrivals.of(
        [row["id"] for row in live],
        parse_times([row["ts"] for row in live]).tolist(),
        [row["id"] for row in labels],
        parse_times([row["ts"] for row in labels]).tolist(),
    )


def _save_errors(
    path: Path, live: Sequence[Mapping[str, Any]], labels: Sequence[Mapping[str, Any]], arrivals: Arrivals
) -> None:
    known = {row["id"]: str(row["label"]) for row in reversed(labels)}
    wrong = np.array([known.get(row["id"]) != str(row["prediction"]) for row in live])
    np.save(path, wrong[arrivals.in_order_of_labels()][None])


class _Missing:
    """Which values of a feature are missing, live and in the reference."""

    def __init__(self, rows: Sequence[Mapping[str, Any]], live: Sequence[Mapping[str, Any]]) -> None:
        self._rows, self._live = rows, live

    def largest(self, features: Sequence[str], first: int, last: int) -> tuple[str, float, float]:
        """Of these features the one most often missing on these records: name, share, share in the reference."""
        best = ("", 0.0, 0.0)
        for name in features:
            share = broken_share(np.array([row["features"].get(name) is None for row in self._live]), first, last)
            if share > best[1] or not best[0]:
                usual = float(np.mean([row["features"].get(name) is None for row in self._rows]))
                best = (name, share, usual)
        return best


def _judged(edge: Transition, arrivals: Arrivals, spans: Sequence[Span], missing: _Missing) -> dict[str, Any]:
    onset = arrivals.record_at(edge.time if edge.onset is None else edge.onset)
    found: dict[str, Any] = {
        "alert": edge.alert,
        "record": edge.record,
        "time": format_time(edge.time),
        "onset": "" if edge.onset is None else format_time(edge.onset),
        "onset_record": onset,
        "features": list(edge.features),
        "certainty": edge.certainty,
    }
    if edge.alert == "ModelInputBroken":
        name, share, usual = missing.largest(edge.features, min(onset, edge.record), edge.record)
        return found | {
            "true": share > usual + _BROKEN,
            "why": f"{name} missing in {share:.0%} (reference {usual:.1%})",
        }
    last = arrivals.last_labelled(edge.time)
    return found | {
        "true": overlaps(spans, min(onset, last), last),
        "last": last,
        "labels_since": {str(begin): arrivals.labels_since(begin, edge.time) for begin in (25_000,)},
        "why": f"records {onset:,} to {last:,}",
    }


def _windows(
    rows: Sequence[Mapping[str, Any]], live: Sequence[Mapping[str, Any]], spans: Sequence[Span]
) -> dict[str, Any]:
    names = [*rows[0]["features"]]
    base = {name: _column([row["features"].get(name) for row in rows]) for name in names}
    rules = WindowRules(base)
    for start in range(0, len(live) - WINDOW + 1, WINDOW):
        part = live[start : start + WINDOW]
        values: dict[str, Any] = {}
        for name in names:
            raw = [row["features"].get(name) for row in part]
            values[name] = raw if isinstance(base[name], list) else _as_numbers(raw)
        rules.window(values, start + WINDOW)
    return {"psi": _in_and_out(rules.psi, spans), "ks": _in_and_out(rules.ks, spans)}


def _column(raw: list[Any]) -> Any:
    numeric = all(value is None or (isinstance(value, int | float) and not isinstance(value, bool)) for value in raw)
    return _as_numbers(raw) if numeric else raw


def _as_numbers(raw: list[Any]) -> Any:
    return np.array([value if isinstance(value, int | float) else np.nan for value in raw], dtype=np.float64)


def _in_and_out(fired: FiringWindows, spans: Sequence[Span]) -> dict[str, Any]:
    alarms = fired.alarms()
    within = sum(overlaps(spans, end - WINDOW, end - 1) for end in alarms)
    return {"share": fired.share, "inside": within, "outside": len(alarms) - within}


def alarms_in_and_out(places: Sequence[int], arrived: Sequence[int], spans: Sequence[Span]) -> tuple[int, int]:
    """Alarms inside and outside of harmful spans; ``places`` are labels in order of arrival, ``arrived`` their records."""
    within = sum(inside(spans, arrived[place]) for place in places)
    return within, len(places) - within
