"""Made-up states of the exporter for the landing page's tests; time stands still at ``NOW``."""

from __future__ import annotations

import itertools
import math
import random

from model_drift_exporter.service.status import (
    AlertStatus,
    BinStatus,
    ColumnStatus,
    ExporterStatus,
    FindingStatus,
    LearningStatus,
    ModelStatus,
    WindowStatus,
)
from model_drift_exporter.sources.source import SourceStatus

__all__ = ["HOSTILE", "NOW", "alert", "column", "exporter", "finding", "learning_model", "model", "source"]

NOW = 1_767_322_985.0  # 2026-01-02 03:03:05 UTC
HOSTILE = "\"'><script>alert(1)</script>&amp;<img src=x onerror=alert(2)>"
_QUANTILES = (0.1, 1, 5, 10, 20, 35, 50, 65, 80, 90, 95, 99, 99.9)
_NAMES = ["distance", "carrier", "air_time", "dep_delay", "sched_dep_time", "humidity", "origin", "wind_speed", "seats"]
_CATEGORIES = ["UA", "B6", "EV", "DL", "AA", "MQ", "US", "9E"]


def _bins(kind: str, categories: list[str], shift: float, n: int, reference_n: int) -> tuple[BinStatus, ...]:
    if kind == "numeric":
        masses = [(high - low) / 100 for low, high in zip((0.0, *_QUANTILES), (*_QUANTILES, 100.0), strict=True)]
        edges = [f"{10 + quantile * 3:.4g}" for quantile in (0.0, *_QUANTILES, 100.0)]
        labels = [f"{low} to {high}" for low, high in itertools.pairwise(edges)]
        names = [f"b{index:02}" for index in range(len(masses))]
        special = ["__below__", "__above__", "__missing__", "__invalid__"]
    else:
        masses = [1 / (index + 1) for index in range(len(categories))]
        labels, names = categories, categories
        special = ["__other__", "__missing__", "__invalid__"]
    total = sum(masses)
    tilted = [
        mass * math.exp(shift * (index / max(1, len(masses) - 1) * 2 - 1) * 1.5) for index, mass in enumerate(masses)
    ]
    tilt = sum(tilted)
    rare = {"__missing__": (0.02, 0.02 + abs(shift) * 0.08), "__above__": (0.001, 0.001 + max(shift, 0.0) * 0.1)}
    rows = [
        BinStatus(name, label, round(reference_n * mass / total), round(n * now / tilt))
        for name, label, mass, now in zip(names, labels, masses, tilted, strict=True)
    ]
    for name in special:
        was, now = rare.get(name, (0.0, 0.0))
        rows.append(BinStatus(name, name, round(reference_n * was), round(n * now)))
    return tuple(rows)


def column(
    name: str,
    *,
    role: str = "feature",
    kind: str = "numeric",
    shift: float = 0.0,
    n: int = 12_345,
    reference_n: int = 50_000,
    categories: list[str] | None = None,
) -> ColumnStatus:
    """A column whose counts are tilted by ``shift`` (0: like the reference), with the PSI that these counts have."""
    bins = _bins(kind, _CATEGORIES if categories is None else categories, shift, n, reference_n)
    reference, current = sum(each.reference for each in bins), sum(each.current for each in bins)
    psi = 0.0
    if current:
        for each in bins:
            now = (each.current + 0.5) / (current + 0.5 * len(bins))
            was = (each.reference + 0.5) / (reference + 0.5 * len(bins))
            psi += (now - was) * math.log(now / was)
    count = {each.name: each.current / current if current else 0.0 for each in bins}
    return ColumnStatus(
        name=name,
        role=role,
        kind=kind,
        observations=n,
        statistics=_statistics(psi, shift, n, numeric=kind == "numeric") if n else {},
        noise_floors={"psi": (len(bins) - 1) * (1 / n + 1 / reference_n)} if n else {},
        missing_ratio=count["__missing__"],
        invalid_ratio=count["__invalid__"],
        out_of_range_ratio=count["__above__"] + count["__below__"] if kind == "numeric" else None,
        unseen_ratio=count["__other__"] if kind == "categorical" else None,
        bins=bins,
    )


def _statistics(psi: float, shift: float, n: int, *, numeric: bool) -> dict[str, float]:
    ordered = {"ks_statistic": min(1.0, 0.3 * abs(shift) + 0.004), "wasserstein_ratio": abs(shift)} if numeric else {}
    others = {
        "js_divergence": psi / 8,
        "total_variation": min(1.0, 0.4 * abs(shift)),
        "chi2_zscore": psi * n / 10 - 1.2,
    }
    return {"psi": psi, **ordered, **others}


def _columns(features: int, n: int, shifts: list[float]) -> tuple[ColumnStatus, ...]:
    chance = random.Random(features)
    names = [_NAMES[i] if i < len(_NAMES) else f"feature_{i}" for i in range(features)]
    rows = [
        column(
            name,
            kind="categorical" if index % 5 == 1 else "numeric",
            shift=shifts[index] if index < len(shifts) else chance.uniform(-0.02, 0.02),
            n=n,
        )
        for index, name in enumerate(names)
    ]
    rows.append(column("prediction", role="prediction", kind="categorical", n=n, categories=["late", "on time"]))
    rows.append(column("score", role="score", shift=0.03, n=n))
    return tuple(sorted(rows, key=lambda each: -(each.psi or 0.0)))


def model(
    name: str = "flights",
    *,
    features: int = 25,
    shifts: tuple[float, ...] = (0.9, 0.35, 0.15),
    records: int = 1_234_567,
    counts: tuple[int, ...] = (12_345, 240_000, 1000),
    learned: bool = False,
    warnings: tuple[str, ...] = (),
) -> ModelStatus:
    """A model with a reference and the windows 1h, 24h and 1000, whose first features are moved by ``shifts``."""
    return ModelStatus(
        name=name,
        version="2026-01",
        task="classification",
        reference_fingerprint="sha256:9f2c41d0",
        reference_rows=50_000,
        reference_learned=learned,
        reference_warnings=warnings,
        learning=None,
        records=records,
        labels=98_000,
        late=12,
        version_changes=1,
        last_record_time=NOW - 4 if records else None,
        records_per_second=83.25 if records else 0.0,
        windows=tuple(
            WindowStatus(window, n, _columns(features, n, [shift / (1 + index) for shift in shifts]))
            for index, (window, n) in enumerate(zip(("1h", "24h", "1000"), counts, strict=True))
        ),
    )


def learning_model(name: str = "flights", *, records: int = 1840) -> ModelStatus:
    """A model that learns its reference."""
    return ModelStatus(
        name=name,
        version="",
        task="",
        reference_fingerprint="",
        reference_rows=0,
        reference_learned=False,
        reference_warnings=(),
        learning=LearningStatus(records, 5000),
        records=records,
        labels=0,
        late=0,
        version_changes=0,
        last_record_time=NOW - 1,
        records_per_second=79.0,
        windows=(),
    )


def source(name: str = "/var/log/model/predictions.jsonl", **changes: object) -> SourceStatus:
    """A file input that is read and nearly caught up."""
    values: dict[str, object] = {"bytes_read": 734_003_200, "lag_bytes": 18_432, "lag_seconds": 1.4, "files": 1}
    return SourceStatus(name, **{**values, **changes})  # type: ignore[arg-type]  # test values by field name


def exporter(
    *models: ModelStatus,
    inputs: tuple[SourceStatus, ...] | None = None,
    errors: dict[tuple[str, str], int] | None = None,
    reload_problem: str = "",
) -> ExporterStatus:
    """The exporter, up for two days, with these models."""
    return ExporterStatus(
        version="0.1.0",
        started=NOW - 172_800,
        now=NOW,
        inputs=(source(),) if inputs is None else inputs,
        errors=errors or {},
        models=models,
        reload_successful=not reload_problem,
        reload_problem=reload_problem,
    )


def alert(
    name: str = "ModelInputBroken",
    *,
    severity: str = "page",
    active: bool = True,
    since: float | None = NOW - 300,
    onset: float | None = NOW - 900,
    features: tuple[str, ...] = ("age",),
    certainty: str = "named",
) -> AlertStatus:
    """An alarm, firing for five minutes unless said otherwise."""
    return AlertStatus(name, severity, active, since, onset, features, certainty, 8.2, 7.0)


def finding(
    kind: str = "input_broken",
    *,
    severity: str = "page",
    text: str = "Model flights gets broken input, so its predictions cannot be trusted. About age.",
    features: tuple[str, ...] = ("age",),
    since: float | None = NOW - 900,
    alert: str = "ModelInputBroken",
) -> FindingStatus:
    """A finding, the alert of :func:`alert` unless said otherwise."""
    figures = {"alert_evidence_log10": 8.2, "alert_evidence_threshold_log10": 7.0}
    return FindingStatus(kind, severity, text, features, since, figures, alert)
