from __future__ import annotations

import logging
import re
from pathlib import Path

import msgspec
import pytest

from model_drift_exporter.commands.check.check import check_settings
from model_drift_exporter.configuration.settings import IngestSettings, LearnSettings, LimitSettings, Settings
from model_drift_exporter.reference.profile_file import load_profiles, save_profiles
from tests.support.check_logs import checked, text_of, write_log, write_reference


def test_a_good_log_with_its_reference_is_ok(tmp_path: Path) -> None:
    """A log that its reference fits has no warning, and the report names fields, kinds and counts."""
    reference = write_reference(tmp_path)
    report = checked(Settings(reference=(reference,), inputs=(write_log(tmp_path / "log.jsonl"),)))
    assert (report.mistakes, report.warnings, report.verdict, report.exit_code) == ([], [], "ok", 0)
    text = text_of(report)
    for pattern in (
        r"lines +3,000 = 3,000 records \+ 0 labels \+ 0 errors",
        r'format +jsonl, features in the object "features"',
        r"time +ts +2026-03-01T00:00:00\+00:00",
        r"label +not found +tried label, .*fields\.label: NAME",
        r"times +2026-03-01 00:00:00 UTC to 2026-03-03 01:59:00 UTC, in order",
        r"model risk: 3,000 records",
        r"task +classification, 2 classes: 0, 1; positive is 1, from a score of 0\.5",
        r"amount +numeric +1\d +0 % +0 % ",
        r"country +categorical +5 +0 % +0 % +0 %\n",
        r"\(score\) +numeric",
    ):
        assert re.search(pattern, text), pattern


def test_models_and_references_that_do_not_meet(tmp_path: Path) -> None:
    """A model without a reference is a warning; references of which no record is are a mistake."""
    reference = write_reference(tmp_path)
    both = write_log(tmp_path / "both.jsonl", change=lambda index, row: row | ({"model": "other"} if index % 2 else {}))
    report = checked(Settings(reference=(reference,), inputs=(both,), learn=LearnSettings(records=1_000)))
    assert not report.mistakes
    assert "models: 1 model without a reference: other; each learns its own" in "\n".join(map(str, report.warnings))
    none = write_log(tmp_path / "none.jsonl", change=lambda _, row: row | {"model": "other"})
    report = checked(Settings(reference=(reference,), inputs=(none,)))
    assert len(report.mistakes) == 1
    assert "no record that was read is of model risk, which has a reference; the models here are other" in str(
        report.mistakes[0]
    )


def test_models_beyond_the_limit_are_named(tmp_path: Path) -> None:
    """A log with more models than the limit is warned of."""
    log = write_log(tmp_path / "log.jsonl", change=lambda index, row: row | {"model": f"m{index % 3}"})
    report = checked(Settings(inputs=(log,), limits=LimitSettings(models=2)))
    assert "1 model beyond limits.models (2): m2; they are counted together" in "\n".join(map(str, report.warnings))


def test_all_references_are_judged(tmp_path: Path) -> None:
    """Every reference that cannot be used is reported, not only the first; the log is still read."""
    good = Path(write_reference(tmp_path))
    (tmp_path / "copy.json").write_bytes(good.read_bytes())
    (tmp_path / "cut.json").write_bytes(good.read_bytes()[:500])
    (tmp_path / "old.json").write_bytes(good.read_bytes().replace(b'"format_version": 2', b'"format_version": 9'))
    (tmp_path / "other.json").write_text("{}")
    names = tuple(str(tmp_path / name) for name in ("none.json", "cut.json", "old.json", "other.json"))
    settings = Settings(
        reference=(*names, str(good), str(tmp_path / "copy.json")), inputs=(write_log(tmp_path / "log.jsonl"),)
    )
    report = checked(settings)
    expected = ["No such file", "damaged", "of version 9", "no reference profile", "has a reference in"]
    assert len(report.mistakes) == len(expected)
    for problem, words in zip(report.mistakes, expected, strict=True):
        assert words in str(problem)
    assert "model risk: 3,000 records" in text_of(report)
    assert report.exit_code == 2


def test_a_file_with_one_reference_too_many_gives_the_others(tmp_path: Path) -> None:
    """What is said to be there is what the log is compared with."""
    good = Path(write_reference(tmp_path))
    (profile,) = load_profiles(good)
    others = msgspec.structs.replace(profile, model="other")
    save_profiles(tmp_path / "both.json", [profile, others], "2026-01-01T00:00:00Z")
    log = write_log(tmp_path / "log.jsonl", change=lambda _, row: row | {"model": "other"})
    report = checked(Settings(reference=(str(good), str(tmp_path / "both.json")), inputs=(log,)))
    (mistake,) = report.mistakes
    assert str(mistake) == f"{tmp_path / 'both.json'}: model risk has a reference in {good} already; give one of them"
    text = " ".join(text_of(report).split())
    assert "both.json: model other, " in text
    assert "reference given: " in text
    assert "none given" not in text


def test_nothing_to_check_says_what_run_would_do() -> None:
    """Without inputs the exporter waits for pushed records; without ingest too, it would do nothing."""
    report = checked(Settings())
    assert "none: `run` would wait for records at POST /ingest on :9877" in text_of(report)
    assert report.verdict == "ok"
    report = checked(Settings(ingest=IngestSettings(enabled=False)))
    assert report.exit_code == 2


def test_the_report_is_the_same_each_time_and_fits_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Two runs print the same plain text, no wider than 100 columns, and nothing is logged beside it."""
    log = write_log(tmp_path / "log.jsonl", change=lambda index, row: row if index % 50 else {"features": 1})
    printed = []
    for _ in range(2):
        with caplog.at_level(logging.DEBUG):
            assert check_settings(Settings(inputs=(log,))) == 0
        printed.append(capsys.readouterr())
    assert printed[0] == printed[1]
    assert printed[0].err == ""
    assert "\x1b" not in printed[0].out
    assert max(map(len, printed[0].out.splitlines())) <= max(100, len(log.path) + 40)
    assert printed[0].out.splitlines()[-1] == "ok with 1 warning"
    assert not [entry for entry in caplog.records if entry.name.startswith("model_drift_exporter")]
