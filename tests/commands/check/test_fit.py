from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from model_drift_exporter.configuration.settings import Settings
from tests.support.check_logs import checked, with_feature, write_log, write_reference


def test_a_reference_of_other_kinds_and_features_does_not_fit(tmp_path: Path) -> None:
    """Features that are missing or of another kind are mistakes, with the value that shows it and what to do."""

    def change(_: int, row: dict[str, Any]) -> dict[str, Any]:
        features = row["features"]
        del features["age"]
        features["amount"] = str(features["amount"])
        features["country"] = ord(features["country"])
        features["added"] = 1
        row["model_version"] = "2"
        return row

    settings = Settings(
        reference=(write_reference(tmp_path),), inputs=(write_log(tmp_path / "log.jsonl", change=change),)
    )
    report = checked(settings)
    mistakes = "\n".join(map(str, report.mistakes))
    assert re.search(
        r'feature amount: numeric in the reference, but 100 % .* no numbers \(such as "[\d.]+"\)', mistakes
    )
    assert "feature country: categorical in the reference, but 100 % of its values are numbers" in mistakes
    assert "no record has 1 feature of the reference: age" in mistakes
    warnings = "\n".join(map(str, report.warnings))
    assert "1 feature of the log not in the reference, not watched: added" in warnings
    assert "the reference is of version 1, the records are of 2" in warnings
    assert report.verdict == "3 mistakes, 2 warnings"
    assert report.exit_code == 2


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        (
            "amount",
            lambda value: value * 1.609 + 90,
            r"outside the reference's range: .* here, .* there; probably another unit",
        ),
        (
            "country",
            lambda value: value.upper(),
            r"no category of the reference: .*; they differ in upper and lower case",
        ),
        ("country", lambda value: value * 3, r"no category of the reference: .*; probably another encoding"),
        (
            "age",
            lambda value: value if value % 20 else str(value),
            r'no numbers \(such as "[\d]+"\).*; log numbers without quotes',
        ),
        ("age", lambda value: value if value % 20 else "old", r'no numbers \(such as "old"\).*; log one type'),
    ],
    ids=["unit", "case", "encoding", "quoted", "mixed"],
)
def test_values_that_do_not_fit_the_reference_are_warned_of(
    tmp_path: Path, name: str, value: Callable[[Any], Any], expected: str
) -> None:
    """A change of unit, case, encoding or type is named, with examples from both sides."""
    log = write_log(tmp_path / "log.jsonl", change=with_feature(name, value))
    report = checked(Settings(reference=(write_reference(tmp_path),), inputs=(log,)))
    assert len(report.warnings) == 1
    assert re.search(f"feature {name}: .*{expected}", str(report.warnings[0]))
    assert not report.mistakes
