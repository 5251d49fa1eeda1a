# ruff: noqa: RUF009 - setting() and section() return attrs fields, one a call
from __future__ import annotations

import attrs
import pytest

from model_drift_exporter.settings.declarations import all_settings, section, setting
from model_drift_exporter.settings.kinds import Choice, Integer, Mapped
from model_drift_exporter.settings.values import SettingError


@attrs.frozen
class Inner:
    """The inner section."""

    first_size: int = setting(1, Integer(1, 9), "The first.")
    unset: int | None = setting(None, Integer(1, 9), "The second.", "nothing")


@attrs.frozen
class Outer:
    """The outer section."""

    inner: Inner = section(Inner)
    names: dict[str, str] = setting({}, Mapped(Choice(("a", "b"))), "Names.", "none")


def test_settings_are_walked_in_order_with_path_flag_and_default() -> None:
    """Sections are walked into; a mapping has no flag."""
    assert [(each.key, each.flag, each.shown_default, each.help) for each in all_settings(Outer)] == [
        ("inner.first_size", "--inner.first-size", "1", "The first."),
        ("inner.unset", "--inner.unset", "nothing", "The second."),
        ("names", "", "none", "Names."),
    ]


def test_a_setting_is_checked_and_only_an_optional_one_may_be_none() -> None:
    """A default of None makes a setting optional."""
    assert Inner(unset=None) == Inner()
    with pytest.raises(SettingError, match=r"^first_size: "):
        Inner(first_size=None)  # type: ignore[arg-type]  # what the test is about
    with pytest.raises(SettingError, match=r"^unset: 10 is above 9; write a whole number from 1 to 9"):
        Inner(unset=10)


def test_a_section_is_checked() -> None:
    """Nothing but a section is one."""
    with pytest.raises(TypeError):
        Outer(inner=5)  # type: ignore[arg-type]  # what the test is about
