from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.alarm_quality.streams import alarms_in_and_out, found_streams, replay_stream

_REFERENCE, _LIVE, _CHANGE = 2_000, 3_000, 1_500
_DELAY = timedelta(hours=1)


def _write(path: Path, rows: list[dict[str, Any]]) -> None:
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)


def _stream(folder: Path, spans: list[list[int]], *, gaps: bool = False) -> Path:
    """A stream a record a minute whose error rises from 0.1 to 0.5, or whose feature goes missing, half-way."""
    folder.mkdir()
    random = np.random.default_rng(1)
    begin = datetime(2026, 1, 5, tzinfo=UTC)
    reference, live, labels = [], [], []
    for record in range(-_REFERENCE, _LIVE):
        changed = record >= _CHANGE
        label = int(random.random() < 0.5)
        wrong = random.random() < (0.5 if changed and not gaps else 0.1)
        value = float(random.normal())
        moment = begin + timedelta(minutes=record)
        row: dict[str, Any] = {
            "ts": moment.isoformat(),
            "id": f"r{record}",
            "model": "m",
            "features": {"x": None if changed and gaps and random.random() < 0.4 else value},
            "prediction": label ^ int(wrong),
        }
        if record < 0:
            reference.append(row | {"label": label})
        else:
            live.append(row)
            labels.append({"ts": (moment + _DELAY).isoformat(), "id": f"r{record}", "label": label})
    for name, rows in (("reference", reference), ("predictions", live), ("labels", labels)):
        _write(folder / f"{name}.jsonl.gz", rows)
    (folder / "truth.json").write_text(json.dumps({"harmful_spans": spans}), encoding="utf-8")
    return folder


def test_a_page_is_judged_by_the_harmful_spans(tmp_path: Path) -> None:
    """The same page is true where its span is harmful, and false where nothing was."""
    harmful = replay_stream(str(_stream(tmp_path / "harmful", [[_CHANGE, _LIVE]])), str(tmp_path / "errors.npy"))
    (page,) = harmful["pages"]
    assert page["alert"] == "ModelLossIncreased"
    assert page["true"]
    assert _CHANGE - 200 <= page["onset_record"] <= page["last"] <= page["record"]
    assert page["record"] - page["last"] == 60
    errors = np.load(tmp_path / "errors.npy")
    assert errors.shape == (1, _LIVE)
    assert errors[0, :_CHANGE].mean() < 0.15
    assert errors[0, _CHANGE:].mean() > 0.45
    harmless = replay_stream(str(_stream(tmp_path / "harmless", [])))
    assert [page["true"] for page in harmless["pages"]] == [False]
    assert found_streams(tmp_path) == ["harmful", "harmless"]


def test_broken_input_is_judged_by_what_is_missing(tmp_path: Path) -> None:
    """Missing values page as broken input, with the feature that lacks them, and PSI sees them too."""
    found = replay_stream(str(_stream(tmp_path / "gaps", [], gaps=True)))
    (page,) = found["pages"]
    assert (page["alert"], page["features"], page["true"]) == ("ModelInputBroken", ["x"], True)
    assert found["windows"]["psi"]["outside"] >= 1
    assert found["windows"]["psi"]["inside"] == 0


def test_alarms_of_detectors_are_told_apart_by_record() -> None:
    """Places are labels in the order in which they came; what counts is the record that each belongs to."""
    assert alarms_in_and_out([0, 2, 3], [5, 1, 9, 6], [(5, 7)]) == (2, 1)
