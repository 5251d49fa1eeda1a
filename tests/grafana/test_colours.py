from __future__ import annotations

import pytest
from grafana_foundation_sdk.models import dashboard as models

from grafana.src.colours import MEANINGS, VERDICTS, names, steps
from prometheus.src.evidence import VERDICTS as RECORDED


def test_each_verdict_has_a_text_and_a_colour() -> None:
    """All that the rules record, no two alike, in colours that mean something."""
    assert VERDICTS.keys() == RECORDED.keys()
    assert len(set(VERDICTS.values())) == len(VERDICTS)
    assert {colour for _, colour in VERDICTS.values()} <= MEANINGS.keys()


def test_names_show_a_text_for_a_value() -> None:
    """In their order, each in its colour."""
    [mapping] = names({0: ("No", "#111111"), 3: ("Yes", "#222222")})
    assert isinstance(mapping, models.ValueMap)
    assert {value: (one.text, one.color, one.index) for value, one in mapping.options.items()} == {
        "0": ("No", "#111111", 0),
        "3": ("Yes", "#222222", 1),
    }


@pytest.mark.parametrize("others", [(), ((1.0, "#222222"), (5.0, "#333333"))])
def test_steps_begin_below_all_values(others: tuple[tuple[float, str], ...]) -> None:
    """The first colour is that of everything below the first threshold."""
    built = steps("#111111", *others).build()
    assert [(step.value, step.color) for step in built.steps] == [(None, "#111111"), *others]
