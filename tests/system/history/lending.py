"""Small models: two that have incidents, one whose exporter dies for a while, and one that cannot be judged."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import attrs

from model_drift_exporter.reference.profile import ReferenceProfile
from model_drift_exporter.reference.profile_file import save_profiles
from tests.support.prediction_log import Row, batch_of, make_rows, profile_of
from tests.system.history.scenes import HOUR, REJECTED, Episode, Target, settings_of
from tests.system.history.times import Interval

__all__ = ["fraud", "lending", "ranking"]

_DELAY = HOUR
_ERROR = 0.1
_REFERENCE_ROWS = 3_000
_REJECTED = 60
_GRID = 300


@attrs.frozen
class _Model:
    """``hours`` before the end its incident begins and ends: a share of ages is missing, labels are other ones.

    With ``deployed`` the incident is a new version, which is rolled back.

    Records come ``at_once`` and ``every`` so many seconds: a replay takes as long as it has moments with records.
    """

    name: str
    what: str = ""
    missing: float = 0.0
    error: float = _ERROR
    hours: tuple[float, float] = (0.0, 0.0)
    deployed: bool = False
    labelled: bool = True
    at_once: int = 30
    every: float = 900.0

    def incident(self, end: float) -> Episode | None:
        if not self.what:
            return None
        return Episode(self.name, self.what, Interval(*(end - hours * HOUR for hours in self.hours)))


_LENDING = (
    _Model("loan-approval", "half of the ages are missing, since version 8 came", 0.5, 0.2, (10.0, 4.0), deployed=True),
    _Model("churn", "what customers do has changed: 30 % errors instead of 10 %", 0.0, 0.3, (9.0, 3.0)),
)
_FRAUD = _Model("fraud")
_RANKING = _Model("ranking", labelled=False, at_once=3)


def lending(folder: Path, times: Sequence[Interval], incident: bool) -> Target:
    """Loans get broken input, and customers change their habits."""
    return _target("lending-0:9877", folder, times, _LENDING, incident=incident)


def fraud(folder: Path, times: Sequence[Interval], incident: bool) -> Target:
    """Fraud stays as it was, but for forty minutes nobody watches it."""
    target = _target("fraud-0:9877", folder, times, (_FRAUD,), incident=incident)
    down = Interval(times[-1].end - HOUR, times[-1].end - HOUR / 3)
    return attrs.evolve(target, down=down) if incident else target


def _target(
    instance: str, folder: Path, times: Sequence[Interval], models: Sequence[_Model], *, incident: bool
) -> Target:
    folder.mkdir(parents=True)
    reference = folder / "reference.json"
    profiles = [_profile(model, seed, times[0].start) for seed, model in enumerate(models, start=94)]
    save_profiles(reference, profiles, "2026-01-01T00:00:00Z")
    end = times[-1].end
    episodes = {model.name: model.incident(end) if incident else None for model in models}
    rows = [
        row for seed, model in enumerate(models, start=4) for row in _stream(model, seed, times, episodes[model.name])
    ]
    log = folder / "predictions.jsonl"
    _write(log, [(row["ts"], json.dumps(row)) for row in rows])
    found = tuple(episode for episode in episodes.values() if episode is not None)
    return Target(instance, settings_of(reference, log, "1h", "24h"), tuple(episodes), found)


def ranking(folder: Path, times: Sequence[Interval], incident: bool) -> Target:
    """It has neither labels nor a reference, and too little traffic to learn one; for an hour, some of its lines are broken."""
    folder.mkdir(parents=True)
    lines = [(row["ts"], json.dumps(row)) for row in _stream(_RANKING, 7, times[-1:], None)]
    rejected = None
    if incident:
        rejected = Interval(times[-1].end - 2 * HOUR, times[-1].end - HOUR)
        pause = HOUR / _REJECTED
        lines += [(rejected.start + place * pause, REJECTED.decode().strip()) for place in range(_REJECTED)]
    log = folder / "predictions.jsonl"
    _write(log, lines)
    return Target("ranking-0:9877", settings_of(None, log, "1h", "24h"), (_RANKING.name,), (), rejected)


def _write(log: Path, lines: Iterable[tuple[float, str]]) -> None:
    log.write_text("".join(f"{line}\n" for _, line in sorted(lines)))


def _profile(model: _Model, seed: int, end: float) -> ReferenceProfile:
    chance = random.Random(seed)
    step = model.every / model.at_once
    rows = make_rows(_REFERENCE_ROWS, seed=seed, start=end - _REFERENCE_ROWS * step, step=step)
    for row in rows:
        row["label"] = _label(row, right=chance.random() >= _ERROR)
    return profile_of([batch_of(rows)], model=model.name)


def _stream(model: _Model, seed: int, times: Sequence[Interval], episode: Episode | None) -> list[Row]:
    """Predictions, the last at the end, and their labels an hour later."""
    chance = random.Random(seed)
    end = times[-1].end
    steps = [moment for part in times for moment in part.steps(_GRID) if (end - moment) % model.every == 0]
    moments = [float(moment + place) for moment in steps for place in range(model.at_once)]
    labels = []
    rows = make_rows(len(moments), seed=seed, model=model.name)
    for row, moment in zip(rows, moments, strict=True):
        wrong = episode is not None and moment in episode.during
        row |= {"ts": moment, "model_version": "8" if wrong and model.deployed else "7"}
        if wrong and chance.random() < model.missing:
            row["features"]["age"] = None
        if model.labelled:
            label = _label(row, right=chance.random() >= (model.error if wrong else _ERROR))
            labels.append({"ts": moment + _DELAY, "model": model.name, "id": row["id"], "label": label})
    return [row for row in rows + labels if row["ts"] <= end]


def _label(row: Mapping[str, str], *, right: bool) -> str:
    other = "no" if row["prediction"] == "yes" else "yes"
    return row["prediction"] if right else other
