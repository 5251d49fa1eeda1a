from __future__ import annotations

import re
from pathlib import Path

from model_drift_exporter.configuration.settings import LearnSettings, LimitSettings, Settings
from tests.support.check_logs import checked, text_of, with_feature, write_log


def test_without_a_reference_it_says_what_would_be_learned(tmp_path: Path) -> None:
    """Learning is announced, with the warnings that a profile of these rows would have."""
    log = write_log(tmp_path / "log.jsonl", 1_500, change=with_feature("fixed", lambda _: 7))
    report = checked(Settings(inputs=(log,), learn=LearnSettings(records=1_000)))
    assert "none given: `run` learns one from the first 1,000 records" in text_of(report)
    assert "so far" not in text_of(report)
    assert re.search(r"fixed +numeric +1 .* constant\n", text_of(report))
    assert re.search(r"season +none can be found: the rows span less than 8 days\n", text_of(report))
    assert re.search(r"dependence +none shown: rows count as independent\n", text_of(report))
    warnings = [str(problem) for problem in report.warnings]
    assert len(warnings) == 2
    assert warnings[0].startswith("model risk: only 1,000 rows: small drift cannot be told")
    assert warnings[1].startswith("model risk: feature fixed: constant in the reference")
    assert report.verdict == "ok with 2 warnings"


def test_a_log_too_short_to_learn_from_yet_is_no_problem(tmp_path: Path) -> None:
    """A log that still grows is shown as far as it goes, without a warning of few rows."""
    report = checked(Settings(inputs=(write_log(tmp_path / "log.jsonl", 1_500),)))
    assert "there are 1,500 so far; what follows is as learned from these" in text_of(report)
    assert report.verdict == "ok"


def test_features_beyond_the_series_limit_are_named(tmp_path: Path) -> None:
    """Features that limits.series_per_model suppresses are listed, with what to set."""
    settings = Settings(inputs=(write_log(tmp_path / "log.jsonl"),), limits=LimitSettings(series_per_model=600))
    report = checked(settings)
    warnings = [str(problem) for problem in report.warnings]
    assert len(warnings) == 1
    assert "left out of /metrics" in warnings[0]
    assert "age" in warnings[0]
    assert "set limits.series_per_model to more than 600" in warnings[0]


def test_records_that_no_reference_can_be_learned_from(tmp_path: Path) -> None:
    """Where learning would fail, the report says why."""
    log = write_log(tmp_path / "log.jsonl", change=lambda index, row: row | {"features": {"key": f"k{index}"}})
    report = checked(Settings(inputs=(log,)))
    assert len(report.mistakes) == 1
    assert "no reference can be learned from its records: no usable feature among key" in str(report.mistakes[0])
