"""Logs of a plain classifier, and what `check` reports of them."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from model_drift_exporter.commands.check.check import examine
from model_drift_exporter.commands.check.input_reading import Bounds
from model_drift_exporter.commands.check.report import CheckReport
from model_drift_exporter.commands.profile import build_profiles
from model_drift_exporter.configuration.settings import InputSettings, Settings
from model_drift_exporter.reference.profile_file import save_profiles

START = datetime(2026, 3, 1, tzinfo=UTC)
NOW = (START + timedelta(days=30)).timestamp()

Change = Callable[[int, dict[str, Any]], dict[str, Any]]


def record(index: int, dice: random.Random) -> dict[str, Any]:
    """A record of a plain binary classifier."""
    score = round(dice.random(), 4)
    return {
        "ts": (START + timedelta(minutes=index)).isoformat(),
        "id": f"r{index}",
        "model": "risk",
        "model_version": "1",
        "user": "ann",
        "features": {
            "amount": round(dice.gauss(100, 20), 3),
            "age": dice.randint(18, 90),
            "country": dice.choice("abcde"),
        },
        "prediction": int(score >= 0.5),
        "score": score,
    }


def write_log(path: Path, rows: int = 3_000, change: Change = lambda _, row: row, seed: int = 1) -> InputSettings:
    """A log of ``rows`` records, each as ``change`` leaves it."""
    dice = random.Random(seed)
    lines = (json.dumps(change(index, record(index, dice))) for index in range(rows))
    path.write_text("".join(f"{line}\n" for line in lines))
    return InputSettings(str(path))


def write_reference(folder: Path) -> str:
    """A reference profile of the plain classifier."""
    rows = write_log(folder / "rows.jsonl", seed=2)
    profiles, _ = build_profiles(Settings(inputs=(rows,)))
    path = folder / "reference.json"
    save_profiles(path, profiles, "2026-03-01T00:00:00Z")
    return str(path)


def checked(settings: Settings, bounds: Bounds | None = None) -> CheckReport:
    """The report on these settings."""
    report = CheckReport(width=100)
    examine(settings, report, bounds=bounds, clock=lambda: NOW)
    return report


def text_of(report: CheckReport) -> str:
    return click.unstyle("\n".join(report.lines))


def with_feature(name: str, value: Callable[[Any], Any]) -> Change:
    """A change of one feature's values."""

    def change(_: int, row: dict[str, Any]) -> dict[str, Any]:
        row["features"][name] = value(row["features"].get(name))
        return row

    return change
