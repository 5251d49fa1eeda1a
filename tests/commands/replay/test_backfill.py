"""History as OpenMetrics, and the blocks that the real promtool makes of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics

from model_drift_exporter.cli import replay
from model_drift_exporter.commands.replay.backfill import STEP, Backfill, step_problem
from model_drift_exporter.commands.replay.replay import BackfillOptions
from model_drift_exporter.errors import InputError
from model_drift_exporter.settings.values import parse_duration
from tests.system.history.rules import shipped_rules

from ...support.backfill_blocks import DAY, START, blocks

_parse: Callable[[str], Iterable[Any]] = parse_openmetrics


def test_steps_are_multiples_of_the_step(tmp_path: Path) -> None:
    """The first one lies behind the first record; a pause makes up for all that it has passed."""
    backfill = Backfill(tmp_path, step=60.0)
    assert backfill.due(START + 5) == []
    assert backfill.due(START + 59) == []
    assert backfill.due(START + 60) == [START + 60]
    assert backfill.due(START + 60) == []
    assert backfill.due(START + 250) == [START + 120, START + 180, START + 240]


def test_a_gap_of_years_is_not_filled(tmp_path: Path) -> None:
    """A first record of 1970 costs a week of steps, not 29 million; a pause of a week is filled."""
    backfill = Backfill(tmp_path)
    assert backfill.due(0.0) == []
    steps = backfill.due(START)
    assert len(steps) == 7 * 24 * 60 + 1
    assert (steps[0], steps[-1]) == (60.0, START)
    assert backfill.due(START + 60) == [START + 60]
    assert backfill.due(START + 60 + 7 * DAY) == [START + 60 * step for step in range(2, 7 * 24 * 60 + 2)]


def test_the_default_step_fits_the_rules() -> None:
    """The shortest range that shipped rules count over holds five samples, and the command's default is that step."""
    ranges = {
        float(found) * 60 for rule in shipped_rules() for found in re.findall(r"_total\[(\d+)m\]", rule.expression)
    }
    assert min(ranges) == 5 * STEP
    [option] = [each for each in replay.params if each.name == "step"]
    assert parse_duration(str(option.default)) == Backfill(Path()).step == BackfillOptions(Path()).step == STEP
    assert step_problem(STEP) == ""


@pytest.mark.parametrize(
    ("step", "lost"),
    [
        (61.0, "PSI will be above its noise floor where nothing has changed"),
        (150.0, "PSI will be above its noise floor where nothing has changed"),
        (151.0, "not always hold two samples; what they record of counts has gaps: PSI"),
        (299.0, "not always hold two samples; what they record of counts has gaps: PSI"),
        (300.0, "never hold two samples; what they record of counts is empty: PSI"),
        (301.0, "records a second; everything else has gaps"),
        (DAY, "records a second; everything else has gaps"),
    ],
)
def test_a_step_that_is_too_long_is_told(step: float, lost: str) -> None:
    """With what will be missing on dashboards."""
    assert lost in step_problem(step)


def test_files_are_valid_openmetrics(tmp_path: Path) -> None:
    """Families and series stand together, and times are shifted, also where they are values."""
    backfill = Backfill(tmp_path / "new", step=60.0, shift=1_000.0)
    for step in range(3):
        backfill.write(START + 60 * step, blocks(10 * step, START + 60 * step))
    backfill.flush()
    text = (tmp_path / "new" / "00000.openmetrics").read_text()
    # The client library's parser knows one point of a histogram only; promtool reads them all, see below.
    plain = "\n".join(line for line in text.split("\n") if "latency" not in line)
    families = {family.name: family for family in _parse(plain)}
    records = [
        (sample.labels["model"], sample.labels["job"], sample.value, float(sample.timestamp or 0))
        for sample in families["model_records"].samples
        if sample.labels["model"] == "b"
    ]
    assert records == [("b", "model-drift-exporter", 10 * n + 1.0, START + 1_000 + 60 * n) for n in range(3)]
    last = [sample.value for sample in families["model_last_record_timestamp_seconds"].samples]
    assert last == [START + 1_000 + 60 * n for n in range(3)]
    assert [sample.value for sample in families["up"].samples] == [1, 1, 1]
    counts = [line.split()[-2:] for line in text.split("\n") if line.startswith("model_latency_seconds_count")]
    assert counts == [[str(10 * n + 1), str(int(START) + 1_000 + 60 * n)] for n in range(3)]
    assert backfill.files == 1


def test_a_file_holds_whole_days(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A year of history is made into blocks file by file, in little memory."""
    monkeypatch.setattr("model_drift_exporter.commands.replay.backfill._SMALLEST_FILE", 9)
    monkeypatch.setattr("model_drift_exporter.commands.replay.backfill._LARGEST_FILE", 25)
    backfill = Backfill(tmp_path)
    files = []
    for hours in (1, 2, 25, 26, 27, 28, 29, 49):
        backfill.write(START + 3_600 * hours, blocks(1, 0))  # 8 samples
        files.append(backfill.files)
    assert files == [0, 0, 1, 1, 1, 1, 2, 2]
    backfill.flush()
    backfill.flush()
    assert backfill.files == 3
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"0000{file}.openmetrics" for file in range(3)]


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    """The text names the option and the file."""
    (tmp_path / "file").write_text("in the way")
    backfill = Backfill(tmp_path / "file")
    backfill.write(START, blocks(1, 0))
    with pytest.raises(InputError, match=r"--backfill: cannot write .*file"):
        backfill.flush()
