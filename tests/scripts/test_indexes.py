from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from model_drift_exporter.monitors import ALARMS, MONITORS
from scripts.indexes import FOLDER, alarm_table, alert_tables, files, main, named_panels, panel_table, settings_example
from tests.support.made_up_monitor import ALARM, ALL


def test_the_pages_are_up_to_date() -> None:
    """Nobody has edited a table, or forgotten to generate it."""
    assert main(["--check"]) == 0


def test_an_alarm_is_a_row_of_each_index() -> None:
    """Among those of its severity, with its summary."""
    for table, link in (
        (alarm_table, f"[`{ALARM.alert}`](docs/runbooks/"),
        (alert_tables, f"[{ALARM.alert}]({ALARM.alert}"),
    ):
        before, after = table(MONITORS).splitlines(), table(ALL).splitlines()
        [row] = [line for line in after if line not in before]
        assert link in row
        assert row.endswith(f"| {ALARM.summary} |")
    pages, tickets = alert_tables(ALL).split("\n\n")
    assert ALARM.alert not in pages
    assert ALARM.alert in tickets
    found = files(FOLDER, ALL)
    assert all(ALARM.alert in text for path, text in found.items() if path.endswith(".md"))


def test_the_example_has_the_settings_of_monitors() -> None:
    """Each with its default and what it means, as YAML that is read back to the defaults."""
    text = settings_example(MONITORS)
    assert yaml.safe_load(text)["loss"] == {"tolerance": 0.01, "relative_tolerance": 0.1}
    assert "\n# How much the loss may rise before it is harm" in text
    assert "\n  # Rise of the error rate" in text


def test_panels_that_runbooks_name_are_listed_by_dashboard() -> None:
    """Each once, however often it is named and wherever a line ends."""
    texts = [
        "Open dashboard *Model*,\npanel *Loss*.",
        "Dashboard *Model*, panel *Loss*; dashboard *Fleet*, panel *All*",
    ]
    named = named_panels(texts)
    assert named == {"Fleet": ["All"], "Model": ["Loss"]}
    assert panel_table(named) == "| dashboard | panels |\n| --- | --- |\n| Fleet | All |\n| Model | Loss |\n"


def test_check_says_what_is_out_of_date(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--check` writes nothing; without it a page is written with all that was written by hand."""
    (tmp_path / "docs/runbooks").mkdir(parents=True)
    for name in ("README.md", "docs/runbooks/README.md", "docs/exporter.example.yaml"):
        (tmp_path / name).write_text((FOLDER / name).read_text().replace(ALARMS[0].summary, "Old."))
    assert main(["--check"], tmp_path) == 1
    assert "README.md is out of date; run: make generate\n" in capsys.readouterr().err
    assert main([], tmp_path) == main(["--check"], tmp_path) == 0
    assert (tmp_path / "README.md").read_text() == (FOLDER / "README.md").read_text()
