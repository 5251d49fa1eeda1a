"""The peers' side of the comparison. Runs in their environment, which has nothing of ours: imports are inside."""

from __future__ import annotations

import importlib
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

__all__ = ["prometheus_client_json", "prometheus_client_msgspec", "whylogs_frames", "whylogs_rows"]

_FRAME_ROWS = 4_096


def whylogs_rows(path: str) -> float:
    import msgspec

    decode = msgspec.json.Decoder().decode
    profile = importlib.import_module("whylogs.core").DatasetProfile()
    began = time.process_time()
    with Path(path).open("rb") as file:
        for line in file:
            profile.track(decode(line)["features"])
    return time.process_time() - began


def whylogs_frames(path: str) -> float:
    import msgspec

    decode = msgspec.json.Decoder().decode
    frame = importlib.import_module("pandas").DataFrame
    profile = importlib.import_module("whylogs.core").DatasetProfile()
    began = time.process_time()
    with Path(path).open("rb") as file:
        for lines in _batches(file):
            profile.track(frame([decode(line)["features"] for line in lines]))
    return time.process_time() - began


def _batches(lines: Iterator[bytes]) -> Iterator[list[bytes]]:
    batch = []
    for line in lines:
        batch.append(line)
        if len(batch) == _FRAME_ROWS:
            yield batch
            batch = []
    if batch:
        yield batch


def prometheus_client_json(path: str, edges: list[float]) -> float:
    return _prometheus_client(path, edges, json.loads)


def prometheus_client_msgspec(path: str, edges: list[float]) -> float:
    import msgspec

    return _prometheus_client(path, edges, msgspec.json.Decoder().decode)


def _prometheus_client(path: str, edges: list[float], decode: Callable[[bytes], Any]) -> float:
    from prometheus_client import CollectorRegistry, Counter, Histogram

    registry = CollectorRegistry()
    histogram = Histogram("model_feature", "Values.", ["feature"], registry=registry, buckets=edges)
    counter = Counter("model_category", "Values.", ["feature", "category"], registry=registry)
    histograms: dict[str, Any] = {}
    counters: dict[tuple[str, str], Any] = {}
    began = time.process_time()
    with Path(path).open("rb") as file:
        for line in file:
            for name, value in decode(line)["features"].items():
                if isinstance(value, float):
                    child = histograms.get(name)
                    if child is None:
                        child = histograms[name] = histogram.labels(name)
                    child.observe(value)
                else:
                    child = counters.get((name, value))
                    if child is None:
                        child = counters[name, value] = counter.labels(name, value)
                    child.inc()
    return time.process_time() - began
