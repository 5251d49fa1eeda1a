from __future__ import annotations

import json
from pathlib import Path

import attrs
import pytest

from model_drift_exporter.monitors import MONITORS
from scripts.panel_numbers import FIRST, extended, main, numbers_of, read
from tests.support.made_up_monitor import ALL, MADE_UP


def test_new_panels_get_the_next_numbers() -> None:
    """In their order; one that is gone keeps its number, which no other gets."""
    first = extended({}, [MADE_UP])
    assert first == {"echo_ratio": FIRST, "echoes_now": FIRST + 1}
    assert extended({"gone": FIRST, "echoes_now": FIRST + 7}, [MADE_UP]) == {
        "gone": FIRST,
        "echoes_now": FIRST + 7,
        "echo_ratio": FIRST + 8,
    }
    assert extended(first, [attrs.evolve(MADE_UP, panels=())]) == first


def test_two_panels_of_one_name_are_told() -> None:
    """They would get one number."""
    with pytest.raises(ValueError, match="two panels of monitors are called echo_ratio"):
        extended({}, [MADE_UP, MADE_UP])


@pytest.mark.parametrize("numbers", [{"a": 200, "b": 200}, {"a": 199}])
def test_a_table_that_was_edited_wrongly_is_told(numbers: dict[str, int], tmp_path: Path) -> None:
    """A number that is given twice, or is one of those that are drawn by hand."""
    (tmp_path / "numbers.json").write_text(json.dumps(numbers))
    with pytest.raises(ValueError, match="each panel has a number of its own"):
        read(tmp_path / "numbers.json")


def test_the_table_is_written_and_check_says_what_lacks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--check` fails while a panel has no number; written once, the table stays."""
    table = tmp_path / "numbers.json"
    assert main(["--check"], table, ALL) == 1
    assert "grafana/numbers.json is out of date" in capsys.readouterr().err
    assert main([], table, ALL) == 0
    before = table.read_text()
    assert main(["--check"], table, ALL) == main([], table, MONITORS) == 0
    assert table.read_text() == before


def test_every_panel_of_a_monitor_has_its_number() -> None:
    """The table in the repository lacks none."""
    assert main(["--check"]) == 0
    assert numbers_of(MONITORS) == read()
